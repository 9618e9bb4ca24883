using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Options;
using Waybill.Mail.Dns;
using MxRecord = Waybill.Mail.Dns.MxRecord;

namespace Waybill.Engine.Routing;

/// <summary>Asks the configured DNS servers, or the system's. Keeps nothing: <see cref="Router"/> and other users keep what they need.</summary>
public sealed class DnsResolver : IDnsResolver
{
    // RFC 2308 §7.1 allows to keep a failure for up to five minutes; mail waits for it, so less.
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NegativeLifeWithoutSoa = TimeSpan.FromSeconds(60);
    private const int MaxAliases = 8;

    private readonly LookupClient _client;
    private readonly AddressPreference _addresses;

    public DnsResolver(IOptions<RoutingOptions> options)
    {
        var settings = options.Value;
        var servers = settings.Resolvers.Select(text => IPEndPoint.Parse(text)).Select(WithPort).ToArray();
        var lookup = servers.Length > 0 ? new LookupClientOptions(servers) : new LookupClientOptions();
        lookup.UseCache = false;
        lookup.Timeout = settings.DnsTimeout;
        lookup.Retries = settings.DnsRetries;
        lookup.UseTcpFallback = true;
        lookup.ThrowDnsErrors = false;
        lookup.ContinueOnEmptyResponse = false; // An empty answer is an answer.
        _client = new LookupClient(lookup);
        _addresses = settings.Addresses;
    }

    public Task<DnsAnswer<MxRecord>> MxAsync(string name, CancellationToken cancellationToken) =>
        AskAsync(name, QueryType.MX, static record => record is DnsClient.Protocol.MxRecord mx
            ? new MxRecord(mx.Preference, Plain(mx.Exchange.Value))
            : null, cancellationToken);

    public async Task<DnsAnswer<IPAddress>> AddressesAsync(string name, CancellationToken cancellationToken)
    {
        var four = _addresses == AddressPreference.IPv6Only ? null : AskAddressAsync(name, QueryType.A, cancellationToken);
        var six = _addresses == AddressPreference.IPv4Only ? null : AskAddressAsync(name, QueryType.AAAA, cancellationToken);
        if (four is null || six is null)
        {
            return await (four ?? six!);
        }

        var answers = await Task.WhenAll(four, six);
        return _addresses == AddressPreference.IPv6First ? Together(answers[1], answers[0]) : Together(answers[0], answers[1]);
    }

    public Task<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancellationToken) =>
        AskAsync(name, QueryType.TXT, static record => record is TxtRecord txt ? string.Concat(txt.Text) : null, cancellationToken);

    public Task<DnsAnswer<string>> CnameAsync(string name, CancellationToken cancellationToken) =>
        AskAsync(name, QueryType.CNAME, static record => record is CNameRecord cname ? Plain(cname.CanonicalName.Value) : null, cancellationToken);

    public Task<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancellationToken) =>
        AskAsync(
            LookupClient.GetReverseQuestion(address).QueryName.Value,
            QueryType.PTR,
            static record => record is PtrRecord ptr ? Plain(ptr.PtrDomainName.Value) : null,
            cancellationToken);

    private static IPEndPoint WithPort(IPEndPoint endpoint) =>
        endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, 53) : endpoint;

    private Task<DnsAnswer<IPAddress>> AskAddressAsync(string name, QueryType type, CancellationToken cancellationToken) =>
        AskAsync(name, type, static record => record is AddressRecord address ? address.Address : null, cancellationToken);

    private static DnsAnswer<IPAddress> Together(DnsAnswer<IPAddress> first, DnsAnswer<IPAddress> second)
    {
        var records = first.Records.Concat(second.Records).ToList();
        if (records.Count > 0)
        {
            // One family answered: that is enough to deliver. The life of a failed half keeps the whole short.
            var life = first.TimeToLive < second.TimeToLive ? first.TimeToLive : second.TimeToLive;
            return first with
            {
                Status = DnsStatus.Found,
                Records = records,
                TimeToLive = life,
                CanonicalName = first.CanonicalName ?? second.CanonicalName,
            };
        }

        // Nothing is final while one half may still have an address.
        return !first.IsTemporaryFailure && second.IsTemporaryFailure ? second : first;
    }

    private async Task<DnsAnswer<T>> AskAsync<T>(
        string name, QueryType type, Func<DnsResourceRecord, T?> read, CancellationToken cancellationToken)
        where T : class
    {
        var (asked, life) = (name, TimeSpan.MaxValue);
        for (var aliases = 0; ; aliases++)
        {
            var reply = await QueryAsync(asked, type, cancellationToken);
            if (reply.Answer is not { } answer)
            {
                return new DnsAnswer<T>(reply.Status, [], FailureLife, reply.Server);
            }

            var records = answer.Answers.Select(read).OfType<T>().ToList();
            life = Shortest(life, answer);
            var target = type == QueryType.CNAME ? null : LastAlias(answer) ?? (asked == name ? null : asked);

            // A resolver follows CNAMEs for us; one that stops half-way is followed by hand.
            if (records.Count == 0 && reply.Status == DnsStatus.Found && target is not null && target != asked)
            {
                if (aliases == MaxAliases)
                {
                    return new DnsAnswer<T>(DnsStatus.Failed, [], FailureLife, reply.Server);
                }

                asked = target;
                continue;
            }

            return new DnsAnswer<T>(reply.Status, records, life, reply.Server) { CanonicalName = target };
        }
    }

    private async Task<QueryReply> QueryAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.QueryAsync(name, type, QueryClass.IN, cancellationToken);
            var server = answer.NameServer?.ToString() ?? "";
            return answer.Header.ResponseCode switch
            {
                DnsHeaderResponseCode.NoError => new QueryReply(DnsStatus.Found, answer, server),
                DnsHeaderResponseCode.NotExistentDomain => new QueryReply(DnsStatus.NoSuchName, answer, server),
                _ => new QueryReply(DnsStatus.Failed, null, server),
            };
        }
        catch (DnsResponseException e) when (e.Code == DnsResponseCode.ConnectionTimeout)
        {
            return new QueryReply(DnsStatus.TimedOut, null, "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new QueryReply(DnsStatus.TimedOut, null, "");
        }
        catch (Exception e) when (e is DnsResponseException or DnsResponseParseException or SocketException or IOException or ArgumentException)
        {
            return new QueryReply(DnsStatus.Failed, null, "");
        }
    }

    private static string? LastAlias(IDnsQueryResponse answer)
    {
        string? last = null;
        foreach (var record in answer.Answers)
        {
            last = record is CNameRecord cname ? Plain(cname.CanonicalName.Value) : last;
        }

        return last;
    }

    private static TimeSpan Shortest(TimeSpan life, IDnsQueryResponse answer)
    {
        foreach (var record in answer.Answers)
        {
            life = Lesser(life, record.InitialTimeToLive);
        }

        if (answer.Answers.Count > 0)
        {
            return life;
        }

        // RFC 2308 §5: the lesser of the SOA's own TTL and its last field.
        foreach (var soa in answer.Authorities.OfType<SoaRecord>())
        {
            return Lesser(Lesser(life, soa.InitialTimeToLive), (int)Math.Min(soa.Minimum, int.MaxValue));
        }

        return life < NegativeLifeWithoutSoa ? life : NegativeLifeWithoutSoa;
    }

    private static TimeSpan Lesser(TimeSpan life, int seconds)
    {
        var other = TimeSpan.FromSeconds(Math.Max(0, seconds));
        return other < life ? other : life;
    }

    private static string Plain(string name) => name.TrimEnd('.').ToLowerInvariant();

    private readonly record struct QueryReply(DnsStatus Status, IDnsQueryResponse? Answer, string Server);
}
