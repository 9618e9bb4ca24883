using System.Net;
using Microsoft.Extensions.Options;
using Waybill.Engine.Routing;
using Waybill.Mail.Dns;

namespace Waybill.Tests.Routing;

public class DnsResolverTests : IAsyncLifetime
{
    private readonly ScriptedDns _dns = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task MX_records_come_with_the_smallest_TTL_and_without_trailing_dots()
    {
        _dns.Answers["MX two.example"] = new DnsScript(0, DnsScript.Mx(10, "MX1.Two.example", 300), DnsScript.Mx(20, "mx2.two.example", 60));

        var answer = await Resolver().MxAsync("two.example", TestContext.Current.CancellationToken);

        Assert.Equal([new MxRecord(10, "mx1.two.example"), new MxRecord(20, "mx2.two.example")], answer.Records.OrderBy(record => record.Preference));
        Assert.Equal((DnsStatus.Found, TimeSpan.FromSeconds(60), _dns.Endpoint), (answer.Status, answer.TimeToLive, answer.Server));
    }

    [Fact]
    public async Task A_null_MX_has_an_empty_exchange() // RFC 7505
    {
        _dns.Answers["MX two.example"] = new DnsScript(0, DnsScript.Mx(0, ""));

        var answer = await Resolver().MxAsync("two.example", TestContext.Current.CancellationToken);

        Assert.Equal(new MxRecord(0, ""), Assert.Single(answer.Records));
    }

    [Theory] // RFC 2308 §5
    [InlineData(3, DnsStatus.NoSuchName)]
    [InlineData(0, DnsStatus.Found)]
    public async Task What_does_not_exist_lives_as_long_as_the_SOA_says(int code, DnsStatus status)
    {
        _dns.Answers["MX gone.example"] = new DnsScript(code) { SoaMinimum = 42 };

        var answer = await Resolver().MxAsync("gone.example", TestContext.Current.CancellationToken);

        Assert.Equal((status, TimeSpan.FromSeconds(42)), (answer.Status, answer.TimeToLive));
        Assert.Empty(answer.Records);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_server_that_fails_or_refuses_is_a_temporary_failure(int code)
    {
        _dns.Answers["MX two.example"] = new DnsScript(code);

        var answer = await Resolver().MxAsync("two.example", TestContext.Current.CancellationToken);

        Assert.Equal((DnsStatus.Failed, true), (answer.Status, answer.IsTemporaryFailure));
    }

    [Fact]
    public async Task Silence_is_a_timeout()
    {
        var answer = await Resolver().MxAsync("silent.example", TestContext.Current.CancellationToken);

        Assert.Equal(DnsStatus.TimedOut, answer.Status);
    }

    [Fact]
    public async Task A_truncated_answer_is_asked_again_by_TCP() // RFC 1035 §4.2.1, RFC 7766
    {
        _dns.Answers["MX two.example"] = new DnsScript(0) { Truncated = true };
        _dns.Answers["TCP MX two.example"] = new DnsScript(0, DnsScript.Mx(10, "mx.two.example"));

        var answer = await Resolver().MxAsync("two.example", TestContext.Current.CancellationToken);

        Assert.Equal("mx.two.example", Assert.Single(answer.Records).Exchange);
    }

    [Fact]
    public async Task Both_address_families_are_asked_and_the_preferred_comes_first()
    {
        _dns.Answers["A mx.example"] = new DnsScript(0, DnsScript.Address("192.0.2.1"));
        _dns.Answers["AAAA mx.example"] = new DnsScript(0, DnsScript.Address("2001:db8::1"));

        var four = await Resolver().AddressesAsync("mx.example", TestContext.Current.CancellationToken);
        var six = await Resolver(AddressPreference.IPv6First).AddressesAsync("mx.example", TestContext.Current.CancellationToken);

        Assert.Equal([IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")], four.Records);
        Assert.Equal([IPAddress.Parse("2001:db8::1"), IPAddress.Parse("192.0.2.1")], six.Records);
    }

    [Fact]
    public async Task One_family_that_fails_does_not_hide_the_other_but_makes_nothing_final()
    {
        _dns.Answers["A mx.example"] = new DnsScript(0, DnsScript.Address("192.0.2.1"));
        _dns.Answers["AAAA mx.example"] = new DnsScript(2);
        _dns.Answers["A half.example"] = new DnsScript(0);
        _dns.Answers["AAAA half.example"] = new DnsScript(2);

        var one = await Resolver().AddressesAsync("mx.example", TestContext.Current.CancellationToken);
        var none = await Resolver().AddressesAsync("half.example", TestContext.Current.CancellationToken);

        Assert.Equal((DnsStatus.Found, 1), (one.Status, one.Records.Count));
        Assert.True(none.IsTemporaryFailure);
    }

    [Fact]
    public async Task An_alias_is_followed_even_where_the_server_stops_half_way()
    {
        _dns.Answers["A mx.example"] = new DnsScript(0, DnsScript.Cname("one.example"));
        _dns.Answers["A one.example"] = new DnsScript(0, DnsScript.Cname("two.example"), DnsScript.Address("192.0.2.1", "two.example", ttl: 20));

        var answer = await Resolver(AddressPreference.IPv4Only).AddressesAsync("mx.example", TestContext.Current.CancellationToken);

        Assert.Equal(IPAddress.Parse("192.0.2.1"), Assert.Single(answer.Records));
        Assert.Equal(("two.example", TimeSpan.FromSeconds(20)), (answer.CanonicalName, answer.TimeToLive));
        Assert.DoesNotContain(_dns.Journal, asked => asked.StartsWith("AAAA", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Aliases_in_a_ring_end_as_a_failure()
    {
        _dns.Answers["A a.example"] = new DnsScript(0, DnsScript.Cname("b.example"));
        _dns.Answers["A b.example"] = new DnsScript(0, DnsScript.Cname("a.example"));

        var answer = await Resolver(AddressPreference.IPv4Only).AddressesAsync("a.example", TestContext.Current.CancellationToken);

        Assert.Equal(DnsStatus.Failed, answer.Status);
    }

    [Fact]
    public async Task The_strings_of_a_TXT_record_are_joined() // RFC 7208 §3.3
    {
        _dns.Answers["TXT two.example"] = new DnsScript(0, DnsScript.Txt("v=spf1 ", "-all"));

        var answer = await Resolver().TxtAsync("two.example", TestContext.Current.CancellationToken);

        Assert.Equal("v=spf1 -all", Assert.Single(answer.Records));
    }

    private DnsResolver Resolver(AddressPreference addresses = AddressPreference.IPv4First) => new(Options.Create(new RoutingOptions
    {
        Resolvers = [_dns.Endpoint],
        DnsTimeout = TimeSpan.FromMilliseconds(300),
        DnsRetries = 1,
        Addresses = addresses,
    }));
}
