using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;

namespace Waybill.Tests.Delivering;

public class OpeningTests
{
    [Theory] // RFC 5321 §3.2: HELO where EHLO is unknown
    [InlineData("500 5.5.1 what?")]
    [InlineData("502 5.5.1 not implemented")]
    public async Task A_server_that_knows_no_EHLO_gets_HELO(string refusal)
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["EHLO"] = refusal;
            return ScriptedPeer.Accepting()(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal(EventKind.Delivered, record.Outcomes[0].Kind);
        Assert.Contains("HELO out.one.example", peer.Journal);
    }

    [Theory]
    [InlineData("554 5.7.1 you are listed", true)]
    [InlineData("421 4.3.2 busy", false)]
    public async Task A_refusal_at_the_greeting_tries_the_next_host_and_then_defers(string greeting, bool isIncident) // §7.1
    {
        await using var first = new ScriptedPeer(session => session.SayAsync(greeting));
        await using var second = new ScriptedPeer(session => session.SayAsync(greeting));

        var attempt = await Given.FailToOpenAsync(Given.Route(first.Port, second.Port));

        Assert.Equal((1, 1), (first.Connections, second.Connections));
        Assert.Equal(isIncident, attempt.IsIncident);
        var outcome = Assert.Single(attempt.For(Given.To("a@two.example"), Given.Judge()).Outcomes);
        Assert.Equal((EventKind.Deferred, greeting), (outcome.Kind, outcome.Info));
        Assert.StartsWith("4.", outcome.Status, StringComparison.Ordinal);
        Assert.NotNull(outcome.NextAttemptAt);
    }

    [Fact]
    public async Task A_better_host_that_refuses_does_not_keep_mail_from_the_next()
    {
        await using var first = new ScriptedPeer(session => session.SayAsync("554 no"));
        await using var second = new ScriptedPeer(ScriptedPeer.Accepting());

        var result = await Given.Connector().OpenAsync(Given.Route(first.Port, second.Port), TestContext.Current.CancellationToken);

        await using var connection = Assert.IsType<OpenResult.Opened>(result).Connection;
        Assert.Equal("mx2.example", connection.Host);
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_defers_4_4_1_and_the_address_is_told()
    {
        var port = ClosedPort();

        var attempt = await Given.FailToOpenAsync(Given.Route(port));

        var outcome = Assert.Single(attempt.For(Given.To("a@two.example"), Given.Judge()).Outcomes);
        Assert.Equal((EventKind.Deferred, "4.4.1"), (outcome.Kind, outcome.Status));
        Assert.Contains($"127.0.0.1:{port}", outcome.Info, StringComparison.Ordinal);
        Assert.Contains("refused", Given.Said(attempt.Attempt), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_host_has_its_addresses_tried_in_turn() // RFC 5321 §5.1
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting());
        var route = new Route.Hosts(new NextHop("mx"), [new MxHost("mx.example", 0, peer.Port, [IPAddress.Parse("127.99.99.99"), IPAddress.Loopback])])
        {
            Name = "two.example",
        };

        var result = await Given.Connector().OpenAsync(route, TestContext.Current.CancellationToken);

        await using var connection = Assert.IsType<OpenResult.Opened>(result).Connection;
        Assert.Equal($"127.0.0.1:{peer.Port}", connection.Address);
    }

    [Fact]
    public async Task What_a_host_said_is_told_rather_than_that_another_was_silent()
    {
        await using var first = new ScriptedPeer(session => session.SayAsync("554 5.7.1 you are listed"));

        var attempt = await Given.FailToOpenAsync(Given.Route(first.Port, ClosedPort()));

        Assert.Equal(("554 5.7.1 you are listed", "mx1.example"), (attempt.Verdict.Info, attempt.Attempt.Host));
    }

    [Fact]
    public async Task A_silent_server_is_given_five_minutes_for_its_greeting() // RFC 5321 §4.5.3.2.1
    {
        var clock = new FakeTimeProvider(Given.Noon);
        var hold = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(_ => hold.Task);
        var opening = Given.Connector(clock: clock).OpenAsync(Given.Route(peer.Port), TestContext.Current.CancellationToken);
        await AdvanceUntilAsync(clock, TimeSpan.FromMinutes(1), () => opening.IsCompleted);

        var attempt = Assert.IsType<OpenResult.NotOpened>(await opening).Attempt;
        hold.SetResult();

        Assert.Equal((EventKind.Deferred, "4.4.1"), (attempt.Verdict.Kind, attempt.Verdict.Status!.ToString()));
        Assert.InRange(attempt.Attempt.EndedAt - attempt.Attempt.StartedAt, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(8));
    }

    [Fact]
    public async Task A_peer_that_sends_a_letter_now_and_then_gains_no_time()
    {
        var clock = new FakeTimeProvider(Given.Noon);
        var drips = 0;
        await using var peer = new ScriptedPeer(async session =>
        {
            while (true)
            {
                await session.SayRawAsync("2"u8.ToArray());
                drips++;
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        });
        var opening = Given.Connector(clock: clock).OpenAsync(Given.Route(peer.Port), TestContext.Current.CancellationToken);
        await AdvanceUntilAsync(clock, TimeSpan.FromMinutes(1), () => opening.IsCompleted);

        var attempt = Assert.IsType<OpenResult.NotOpened>(await opening).Attempt;

        Assert.True(drips > 1);
        Assert.InRange(attempt.Attempt.EndedAt - attempt.Attempt.StartedAt, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(8));
    }

    [Fact]
    public async Task Stopping_while_connecting_counts_for_nobody()
    {
        using var stop = new CancellationTokenSource();
        await using var peer = new ScriptedPeer(async session =>
        {
            await stop.CancelAsync();
            await session.HearAsync();
        });

        var result = await Given.Connector().OpenAsync(Given.Route(peer.Port), stop.Token);

        var outcome = Assert.IsType<OpenResult.NotOpened>(result).Attempt.For(Given.To("a@two.example"), Given.Judge()).Outcomes[0];
        Assert.Equal((EventKind.Deferred, false), (outcome.Kind, outcome.CountsAsAttempt));
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task AdvanceUntilAsync(FakeTimeProvider clock, TimeSpan step, Func<bool> holds)
    {
        for (var i = 0; i < 200 && !holds(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
            if (i > 4)
            {
                clock.Advance(step);
            }
        }
    }
}
