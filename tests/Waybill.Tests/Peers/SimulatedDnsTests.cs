using System.Net;
using DnsClient;
using DnsClient.Protocol;
using Waybill.Peers.Dns;

namespace Waybill.Tests.Peers;

public sealed class SimulatedDnsTests : IAsyncDisposable
{
    private readonly SimulatedDns _dns = SimulatedDns.Start(new SimulatedZone());
    private readonly LookupClient _client;

    public SimulatedDnsTests() => _client = new LookupClient(new LookupClientOptions(_dns.EndPoint)
    {
        UseCache = false,
        Retries = 0,
        Timeout = TimeSpan.FromMilliseconds(500),
    });

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _dns.DisposeAsync();

    [Fact]
    public async Task Records_come_with_their_own_time_to_live()
    {
        _dns.Zone.Mx("one.test", 10, "mx1.one.test", TimeSpan.FromSeconds(77)).Mx("one.test", 20, "mx2.one.test");

        var answer = await _client.QueryAsync("one.test", QueryType.MX, cancellationToken: Stop);

        var records = answer.Answers.MxRecords().OrderBy(r => r.Preference).ToList();
        Assert.Equal([("mx1.one.test.", 10, 77), ("mx2.one.test.", 20, 300)], records.Select(r => (r.Exchange.Value, (int)r.Preference, r.InitialTimeToLive)));
        Assert.Equal(1, _dns.Journal.Count("ONE.test.", DnsType.Mx));
    }

    [Fact]
    public async Task A_null_mx_is_the_root() // RFC 7505 §3
    {
        _dns.Zone.NullMx("no.test");

        var answer = await _client.QueryAsync("no.test", QueryType.MX, cancellationToken: Stop);

        Assert.Equal(".", answer.Answers.MxRecords().Single().Exchange.Value);
    }

    [Fact]
    public async Task Aliases_are_followed_to_both_kinds_of_address()
    {
        _dns.Zone.Cname("alias.test", "host.test").Address("host.test", IPAddress.Loopback).Address("host.test", IPAddress.IPv6Loopback);

        var four = await _client.QueryAsync("alias.test", QueryType.A, cancellationToken: Stop);
        var six = await _client.QueryAsync("alias.test", QueryType.AAAA, cancellationToken: Stop);

        Assert.Equal(IPAddress.Loopback, four.Answers.ARecords().Single().Address);
        Assert.Equal(IPAddress.IPv6Loopback, six.Answers.AaaaRecords().Single().Address);
        Assert.Single(four.Answers.CnameRecords());
    }

    [Fact]
    public async Task A_name_that_is_missing_comes_with_a_start_of_authority() // RFC 2308 §3
    {
        var answer = await _client.QueryAsync("missing.test", QueryType.MX, cancellationToken: Stop);

        Assert.Equal(DnsHeaderResponseCode.NotExistentDomain, answer.Header.ResponseCode);
        Assert.Equal(30u, answer.Authorities.OfType<SoaRecord>().Single().Minimum);
    }

    [Fact]
    public async Task A_name_without_that_type_exists_and_has_nothing()
    {
        _dns.Zone.Address("host.sub.test", IPAddress.Loopback);

        var noMx = await _client.QueryAsync("host.sub.test", QueryType.MX, cancellationToken: Stop);
        var parent = await _client.QueryAsync("sub.test", QueryType.A, cancellationToken: Stop);

        Assert.All([noMx, parent], a => Assert.Equal((DnsHeaderResponseCode.NoError, 0), (a.Header.ResponseCode, a.Answers.Count)));
    }

    [Fact]
    public async Task A_text_longer_than_a_datagram_comes_over_tcp()
    {
        var text = new string('x', 6_000);
        _dns.Zone.Txt("long.test", text);

        var answer = await _client.QueryAsync("long.test", QueryType.TXT, cancellationToken: Stop);

        Assert.Equal(text, string.Concat(answer.Answers.TxtRecords().Single().Text));
        Assert.Equal([false, true], _dns.Journal.Entries.Select(e => e.OverTcp));
    }

    [Fact]
    public async Task A_wildcard_answers_for_every_name_below()
    {
        _dns.Zone.Mx("*.rcpt.test", 10, "mx.test");

        var answer = await _client.QueryAsync("d17.rcpt.test", QueryType.MX, cancellationToken: Stop);

        Assert.Equal("d17.rcpt.test.", answer.Answers.MxRecords().Single().DomainName.Value);
    }

    [Fact]
    public async Task Faults_can_be_made_and_mended_while_it_runs()
    {
        _dns.Zone.Address("host.test", IPAddress.Loopback).Fault("host.test", DnsFault.ServerFailure);

        var broken = await _client.QueryAsync("host.test", QueryType.A, cancellationToken: Stop);
        _dns.Zone.Fault("host.test", DnsFault.Timeout);
        var silent = await Record.ExceptionAsync(() => _client.QueryAsync("host.test", QueryType.A, cancellationToken: Stop));
        _dns.Zone.Fault("host.test", DnsFault.TruncatedOverUdp);
        var mended = await _client.QueryAsync("host.test", QueryType.A, cancellationToken: Stop);

        Assert.Equal(DnsHeaderResponseCode.ServerFailure, broken.Header.ResponseCode);
        Assert.IsType<DnsResponseException>(silent);
        Assert.Single(mended.Answers.ARecords());
    }

    [Fact]
    public async Task An_address_is_named_by_its_pointer()
    {
        _dns.Zone.Ptr(IPAddress.Parse("127.0.0.9"), "nine.test").Ptr(IPAddress.IPv6Loopback, "six.test");

        var four = await _client.QueryReverseAsync(IPAddress.Parse("127.0.0.9"), Stop);
        var six = await _client.QueryReverseAsync(IPAddress.IPv6Loopback, Stop);

        Assert.Equal("nine.test.", four.Answers.PtrRecords().Single().PtrDomainName.Value);
        Assert.Equal("six.test.", six.Answers.PtrRecords().Single().PtrDomainName.Value);
    }
}
