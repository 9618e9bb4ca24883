using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Routing;
using Waybill.Mail.Dns;

namespace Waybill.Tests.Routing;

public class RouterTests
{
    private readonly FakeDns _dns = new();
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task Exchangers_are_found_by_preference_with_their_addresses() // RFC 5321 §5.1
    {
        _dns.With("two.example", (20, "b.mx.example", "192.0.2.2"), (10, "a.mx.example", "2001:db8::1"));

        var route = Assert.IsType<Route.Hosts>(await RouteAsync("two.example"));

        Assert.Equal(["a.mx.example", "b.mx.example"], route.MxHosts.Select(host => host.Name));
        Assert.Equal(new NextHop("a.mx.example,b.mx.example"), route.NextHop);
        Assert.Equal((IPAddress.Parse("2001:db8::1"), 25), (route.MxHosts[0].Addresses[0], route.MxHosts[0].Port));
        Assert.Equal("MX two.example: 10 a.mx.example, 20 b.mx.example (ttl 300 s, from 192.0.2.53)", route.Notes[0]);
    }

    [Fact]
    public async Task Domains_of_one_provider_share_a_next_hop_and_its_addresses_are_asked_once()
    {
        _dns.With("two.example", (10, "a.mx.example", "192.0.2.1"), (20, "b.mx.example", "192.0.2.2"));
        _dns.With("three.example", (5, "b.mx.example", "192.0.2.2"), (5, "a.mx.example", "192.0.2.1"));
        var router = Router();

        var first = (Route.Hosts)await router.RouteAsync("two.example", TestContext.Current.CancellationToken);
        var second = (Route.Hosts)await router.RouteAsync("three.example", TestContext.Current.CancellationToken);

        Assert.Equal(first.NextHop, second.NextHop);
        Assert.Equal(4, _dns.Journal.Count);
    }

    [Fact]
    public async Task A_domain_without_MX_is_its_own_exchanger() // RFC 5321 §5.1
    {
        _dns.Mx["two.example"] = FakeDns.Found<MxRecord>();
        _dns.Addresses["two.example"] = FakeDns.Found(IPAddress.Parse("192.0.2.1"));

        var route = Assert.IsType<Route.Hosts>(await RouteAsync("two.example"));

        Assert.Equal(("two.example", new NextHop("two.example")), (route.MxHosts[0].Name, route.NextHop));
    }

    [Fact]
    public async Task A_null_MX_is_final_with_5_1_10() // RFC 7505
    {
        _dns.With("two.example", (0, "", ""));

        var route = Assert.IsType<Route.Unroutable>(await RouteAsync("two.example"));

        Assert.Equal("5.1.10", route.Status.ToString());
    }

    [Fact]
    public async Task A_domain_that_does_not_exist_is_final_with_5_1_2()
    {
        var route = Assert.IsType<Route.Unroutable>(await RouteAsync("nowhere.example"));

        Assert.Equal("5.1.2", route.Status.ToString());
    }

    [Theory]
    [InlineData(DnsStatus.Failed)]
    [InlineData(DnsStatus.TimedOut)]
    public async Task A_temporary_DNS_failure_defers_4_4_3(DnsStatus status)
    {
        _dns.Mx["two.example"] = FakeDns.Says<MxRecord>(status);

        var route = Assert.IsType<Route.Deferred>(await RouteAsync("two.example"));

        Assert.Equal("4.4.3", route.Status.ToString());
    }

    [Fact]
    public async Task Exchangers_that_do_not_exist_are_final_but_one_that_could_not_be_asked_defers()
    {
        _dns.With("two.example", (10, "gone.example", ""));
        _dns.With("three.example", (10, "gone.example", ""), (20, "slow.example", ""));
        _dns.Addresses["slow.example"] = FakeDns.Says<IPAddress>(DnsStatus.TimedOut);

        Assert.Equal("5.4.4", Assert.IsType<Route.Unroutable>(await RouteAsync("two.example")).Status.ToString());
        Assert.Equal("4.4.3", Assert.IsType<Route.Deferred>(await RouteAsync("three.example")).Status.ToString());
    }

    [Fact]
    public async Task An_exchanger_that_is_an_alias_is_used_and_noted() // RFC 2181 §10.3
    {
        _dns.With("two.example", (10, "mx.example", "192.0.2.1"));
        _dns.Addresses["mx.example"] = _dns.Addresses["mx.example"] with { CanonicalName = "real.example" };

        var route = Assert.IsType<Route.Hosts>(await RouteAsync("two.example"));

        Assert.Contains("Address mx.example (CNAME real.example, which an MX must not be: RFC 2181 §10.3): 192.0.2.1", route.Notes);
    }

    [Theory] // RFC 5321 §5.1: the loop guard
    [InlineData(5, "5.4.6")]
    [InlineData(10, "5.4.6")]
    [InlineData(15, null)]
    public async Task Exchangers_no_better_than_ourselves_are_dropped(int ours, string? status)
    {
        _dns.With("two.example", (10, "other.example", "192.0.2.1"), (ours, "out.one.example", "192.0.2.9"), (20, "worse.example", "192.0.2.3"));

        var route = await RouteAsync("two.example", new RoutingOptions { OwnNames = ["Out.One.Example"] });

        if (status is null)
        {
            Assert.Equal(["other.example"], Assert.IsType<Route.Hosts>(route).MxHosts.Select(host => host.Name));
        }
        else
        {
            Assert.Equal(status, Assert.IsType<Route.Unroutable>(route).Status.ToString());
        }
    }

    [Fact]
    public async Task An_exchanger_at_an_address_we_listen_on_is_ourselves()
    {
        _dns.With("two.example", (10, "localhost.example", "127.0.0.1"));

        Assert.IsType<Route.Unroutable>(await RouteAsync("two.example", new RoutingOptions { OwnEndpoints = ["0.0.0.0:25"] }));
        Assert.IsType<Route.Hosts>(await RouteAsync("two.example", new RoutingOptions { OwnEndpoints = ["0.0.0.0:2525"] }));
    }

    [Theory] // RFC 5321 §4.1.3
    [InlineData("[192.0.2.7]", "192.0.2.7")]
    [InlineData("[IPv6:2001:db8::7]", "2001:db8::7")]
    public async Task An_address_literal_is_its_own_host_without_a_question(string host, string address)
    {
        var route = Assert.IsType<Route.Hosts>(await RouteAsync(host));

        Assert.Equal(IPAddress.Parse(address), route.MxHosts[0].Addresses[0]);
        Assert.Empty(_dns.Journal);
    }

    [Fact]
    public async Task A_smart_host_takes_every_domain()
    {
        var options = new RoutingOptions { SmartHost = "127.0.0.1:2626" };

        var route = Assert.IsType<Route.Hosts>(await RouteAsync("whatever.example", options));

        Assert.Equal(("127.0.0.1:2626", "127.0.0.1:2626", 2626), (route.Name, route.NextHop.Key, route.MxHosts[0].Port));
        Assert.Empty(_dns.Journal);
    }

    [Fact]
    public async Task A_smart_host_that_does_not_resolve_defers_and_bounces_nobody()
    {
        Assert.IsType<Route.Deferred>(await RouteAsync("two.example", new RoutingOptions { SmartHost = "relay.example:587" }));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(300, 300)]
    [InlineData(86_400, 3_600)]
    public async Task A_route_is_kept_as_long_as_its_TTL_from_5_seconds_to_an_hour(int ttl, int kept)
    {
        _dns.Mx["two.example"] = FakeDns.Says<MxRecord>(DnsStatus.NoSuchName, TimeSpan.FromSeconds(ttl));
        var router = Router();

        await router.RouteAsync("two.example", TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromSeconds(kept - 1));
        await router.RouteAsync("two.example", TestContext.Current.CancellationToken);
        var before = _dns.Journal.Count;
        _clock.Advance(TimeSpan.FromSeconds(2));
        await router.RouteAsync("two.example", TestContext.Current.CancellationToken);

        Assert.Equal((1, 2), (before, _dns.Journal.Count));
    }

    [Fact]
    public async Task Many_that_ask_for_one_domain_at_once_ask_DNS_once()
    {
        var gate = new TaskCompletionSource();
        _dns.Gate = gate.Task;
        _dns.With("two.example", (10, "mx.example", "192.0.2.1"));
        var router = Router();

        var waiting = Enumerable.Range(0, 50).Select(_ => router.RouteAsync("two.example", TestContext.Current.CancellationToken).AsTask()).ToList();
        gate.SetResult();
        await Task.WhenAll(waiting);

        Assert.Equal(["MX two.example", "A mx.example"], _dns.Journal);
    }

    [Fact]
    public async Task The_cache_does_not_grow_beyond_its_bound()
    {
        var router = Router(new RoutingOptions { MaxCachedNames = 16 });

        for (var i = 0; i < 200; i++)
        {
            await router.RouteAsync($"d{i}.example", TestContext.Current.CancellationToken);
        }

        Assert.InRange(router.CachedRoutes, 1, 16);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("mx.example")]
    [InlineData("mx.example:0")]
    [InlineData("2001:db8::1:25")]
    public void A_smart_host_that_is_no_host_and_port_is_refused_at_start(string smartHost) =>
        Assert.True(new RoutingOptionsValidator().Validate(null, new RoutingOptions { SmartHost = smartHost }).Failed);

    private Router Router(RoutingOptions? options = null) => new(_dns, Options.Create(options ?? new RoutingOptions()), _clock);

    private async Task<Route> RouteAsync(string host, RoutingOptions? options = null) =>
        await Router(options).RouteAsync(host, TestContext.Current.CancellationToken);
}
