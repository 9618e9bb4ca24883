using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Waybill.Mail.Addressing;
using Waybill.Mail.Dns;

namespace Waybill.Engine.Routing;

/// <summary>Finds the next hop of a domain and keeps it as long as DNS allows. Any thread may ask.</summary>
public sealed class Router
{
    // A route without an answer behind it (a smart host's address) has nothing that expires.
    private static readonly TimeSpan FixedLife = TimeSpan.FromHours(1);

    private readonly IDnsResolver _dns;
    private readonly RoutingOptions _options;
    private readonly HostPort? _smartHost;
    private readonly OwnIdentity _ourselves;
    private readonly NameCache<Route> _routes;
    private readonly NameCache<DnsAnswer<IPAddress>> _addresses;
    private readonly Func<string, Task<Route>> _findRoute;
    private readonly Func<string, Task<DnsAnswer<IPAddress>>> _findAddresses;

    public Router(IDnsResolver dns, IOptions<RoutingOptions> options, TimeProvider clock)
    {
        (_dns, _options) = (dns, options.Value);
        _smartHost = string.IsNullOrEmpty(_options.SmartHost) || !HostPort.TryParse(_options.SmartHost, out var host) ? null : host;
        _ourselves = new OwnIdentity(_options.OwnNames, _options.OwnEndpoints);
        _routes = new NameCache<Route>(clock, _options.MaxCachedNames, static route => route.TimeToLive);
        _addresses = new NameCache<DnsAnswer<IPAddress>>(clock, _options.MaxCachedNames, static answer => answer.TimeToLive);
        _findRoute = FindAsync;
        _findAddresses = name => _dns.AddressesAsync(name, CancellationToken.None); // Ends by the resolver's own timeouts.
    }

    /// <summary>Routes kept at this moment, for metrics.</summary>
    public int CachedRoutes => _routes.Count;

    /// <summary>The route of a recipient's host.</summary>
    /// <param name="host">As <see cref="Mailbox.Host"/> writes it: a domain's A-label form or a bracketed address literal.</param>
    public ValueTask<Route> RouteAsync(string host, CancellationToken cancellationToken) =>
        _routes.GetAsync(_smartHost is null ? host : "", _findRoute, cancellationToken);

    private Task<Route> FindAsync(string host)
    {
        if (_smartHost is not null)
        {
            return ToSmartHostAsync(_smartHost);
        }

        return Mailbox.TryParseLiteral(host, out var address) ? Task.FromResult(ToLiteral(host, address)) : ToDomainAsync(host);
    }

    private async Task<Route> ToDomainAsync(string domain)
    {
        var answer = await _dns.MxAsync(domain, CancellationToken.None);
        var notes = new List<string>();
        Describe(domain, answer, notes);
        return MxSelection.Choose(domain, answer) switch
        {
            MxChoice.Exchangers chosen => await ToExchangersAsync(domain, chosen.Records, answer.TimeToLive, notes),
            MxChoice.ImplicitMx => await ToDomainItselfAsync(domain, answer.TimeToLive, notes),
            MxChoice.Refused no => new Route.Unroutable(no.Status, no.Diagnostic)
            {
                Name = domain,
                Notes = notes,
                TimeToLive = answer.TimeToLive,
            },
            MxChoice.TryLater later => new Route.Deferred(later.Status, later.Diagnostic)
            {
                Name = domain,
                Notes = notes,
                TimeToLive = answer.TimeToLive,
            },
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private async Task<Route> ToExchangersAsync(string domain, IReadOnlyList<MxRecord> records, TimeSpan life, List<string> notes)
    {
        var answers = await Task.WhenAll(records.Select(record => AddressesOfAsync(record.Exchange)));
        var hosts = new List<MxHost>(records.Count);
        var someFailed = false;
        for (var i = 0; i < records.Count; i++)
        {
            var (record, answer) = (records[i], answers[i]);
            Describe(record.Exchange, answer, isExchanger: true, notes);
            life = answer.TimeToLive < life ? answer.TimeToLive : life;
            someFailed |= answer.IsTemporaryFailure;

            // A host without an address stays in the list for now: if it is ourselves, what is worse than it must go too.
            hosts.Add(new MxHost(record.Exchange, record.Preference, _options.SmtpPort, answer.Records));
        }

        var better = MxSelection.WithoutLoop(hosts, _ourselves.Is);
        if (better.Count == 0)
        {
            return new Route.Unroutable(new(5, 4, 6), $"DNS: the best mail exchanger of {domain} is this server, which does not take its mail (loop)")
            {
                Name = domain,
                Notes = notes,
                TimeToLive = life,
            };
        }

        if (better.Count < hosts.Count)
        {
            notes.Add("this server is among the exchangers: only better ones are tried");
        }

        IReadOnlyList<MxHost> usable = [.. better.Where(host => host.Addresses.Count > 0)];
        return usable.Count > 0
            ? Found(domain, NextHop.Of(records.Select(record => record.Exchange), _options.SmtpPort), usable, life, notes)
            : NoAddress(domain, $"none of the mail exchangers of {domain} has an address", someFailed, life, notes);
    }

    private async Task<Route> ToDomainItselfAsync(string domain, TimeSpan life, List<string> notes)
    {
        var answer = await AddressesOfAsync(domain);
        Describe(domain, answer, isExchanger: false, notes);
        life = answer.TimeToLive < life ? answer.TimeToLive : life;
        if (answer.Records.Count == 0)
        {
            // RFC 5321 §5.1: no MX and no address; the domain exists and takes no mail.
            return NoAddress(domain, $"{domain} has neither a mail exchanger nor an address", answer.IsTemporaryFailure, life, notes);
        }

        var host = new MxHost(domain, 0, _options.SmtpPort, answer.Records);
        return _ourselves.Is(host)
            ? new Route.Unroutable(new(5, 4, 6), $"DNS: {domain} is this server, which does not take its mail (loop)")
            {
                Name = domain,
                Notes = notes,
                TimeToLive = life,
            }
            : Found(domain, NextHop.Of([domain], _options.SmtpPort), [host], life, notes);
    }

    private async Task<Route> ToSmartHostAsync(HostPort smartHost)
    {
        var name = smartHost.ToString();
        if (smartHost.Address is { } address)
        {
            return Found(name, new NextHop(name), [new MxHost(smartHost.Host, 0, smartHost.Port, [address])], FixedLife, []);
        }

        var answer = await AddressesOfAsync(smartHost.Host);
        var notes = new List<string>();
        Describe(smartHost.Host, answer, isExchanger: false, notes);
        if (answer.Records.Count > 0)
        {
            return Found(name, new NextHop(name), [new MxHost(smartHost.Host, 0, smartHost.Port, answer.Records)], answer.TimeToLive, notes);
        }

        // Even when the name does not exist: the fault is our configuration's, and it is no reason to bounce anybody's mail.
        return new Route.Deferred(new(4, 4, 4), $"DNS: no address for the smart host {smartHost.Host}")
        {
            Name = name,
            Notes = notes,
            TimeToLive = answer.TimeToLive,
        };
    }

    private Route ToLiteral(string host, IPAddress address)
    {
        var only = new MxHost(host, 0, _options.SmtpPort, [address]);
        return _ourselves.Is(only)
            ? new Route.Unroutable(new(5, 4, 6), $"{host} is this server, which does not take its mail (loop)") { Name = host, TimeToLive = FixedLife }
            : Found(host, NextHop.Of([host], _options.SmtpPort), [only], FixedLife, []);
    }

    // The name every machine has without a zone (RFC 6761 §6.3).
    private async Task<DnsAnswer<IPAddress>> AddressesOfAsync(string name) => name == "localhost"
        ? new DnsAnswer<IPAddress>(DnsStatus.Found, [IPAddress.Loopback, IPAddress.IPv6Loopback], FixedLife, "")
        : await _addresses.GetAsync(name, _findAddresses, CancellationToken.None);

    private static Route.Hosts Found(string name, NextHop nextHop, IReadOnlyList<MxHost> hosts, TimeSpan life, List<string> notes) =>
        new(nextHop, hosts) { Name = name, Notes = notes, TimeToLive = life };

    // 5.4.4, unable to route: what RFC 5321 §5.1 calls an error to be reported; temporary while DNS may still change its mind.
    private static Route NoAddress(string domain, string what, bool temporary, TimeSpan life, List<string> notes) => temporary
        ? new Route.Deferred(new(4, 4, 3), $"DNS: {what} that could be looked up") { Name = domain, Notes = notes, TimeToLive = life }
        : new Route.Unroutable(new(5, 4, 4), $"DNS: {what}") { Name = domain, Notes = notes, TimeToLive = life };

    private static void Describe(string domain, DnsAnswer<MxRecord> answer, List<string> notes)
    {
        var alias = answer.CanonicalName is { } name ? $" (CNAME {name})" : "";
        var server = answer.Server.Length > 0 ? $", from {answer.Server}" : "";
        var what = answer.Status switch
        {
            DnsStatus.NoSuchName => "no such domain",
            DnsStatus.Failed => "the DNS servers failed",
            DnsStatus.TimedOut => "no answer in time",
            _ when answer.Records.Count == 0 => "no MX",
            _ => string.Join(", ", answer.Records.OrderBy(record => record.Preference)
                .Select(record => $"{record.Preference} {(record.Exchange.Length == 0 ? "." : record.Exchange)}")),
        };
        notes.Add($"MX {domain}{alias}: {what} (ttl {answer.TimeToLive.TotalSeconds:0} s{server})");
    }

    private static void Describe(string host, DnsAnswer<IPAddress> answer, bool isExchanger, List<string> notes)
    {
        // RFC 5321 §5.1 and RFC 2181 §10.3 forbid an MX that is an alias; it is common and works, so it is told, not refused.
        var alias = answer.CanonicalName is { } name
            ? $" (CNAME {name}{(isExchanger ? ", which an MX must not be: RFC 2181 §10.3" : "")})"
            : "";
        var what = answer.Status switch
        {
            DnsStatus.NoSuchName => "no such name",
            DnsStatus.Failed => "the DNS servers failed",
            DnsStatus.TimedOut => "no answer in time",
            _ when answer.Records.Count == 0 => "no address",
            _ => string.Join(", ", answer.Records),
        };
        notes.Add($"Address {host}{alias}: {what}");
    }

    /// <summary>What makes an exchanger this server: its name, or an address and port we listen on.</summary>
    private sealed class OwnIdentity(string[] names, string[] endpoints)
    {
        private readonly HashSet<string> _names = [.. names.Select(name => name.TrimEnd('.').ToLowerInvariant())];
        private readonly IPEndPoint[] _endpoints = [.. endpoints.Select(text => IPEndPoint.Parse(text))];

        public bool Is(MxHost host) =>
            _names.Contains(host.Name) || host.Addresses.Any(address => _endpoints.Any(ours => Meets(ours, address, host.Port)));

        private static bool Meets(IPEndPoint ours, IPAddress address, int port) =>
            ours.Port == port
            && (ours.Address.Equals(address)
                || (IPAddress.IsLoopback(address) && (ours.Address.Equals(IPAddress.Any) || ours.Address.Equals(IPAddress.IPv6Any)))
                || IsUnspecified(address));

        // Connecting to 0.0.0.0 reaches this host.
        private static bool IsUnspecified(IPAddress address) =>
            address.AddressFamily == AddressFamily.InterNetwork ? address.Equals(IPAddress.Any) : address.Equals(IPAddress.IPv6Any);
    }
}
