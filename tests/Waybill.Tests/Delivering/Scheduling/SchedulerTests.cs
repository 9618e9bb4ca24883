using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Peers.Smtp;
using Waybill.Tests.Routing;

namespace Waybill.Tests.Delivering.Scheduling;

/// <summary>When a delivery is made, and what becomes of it.</summary>
public sealed class SchedulerTests : IAsyncDisposable
{
    private readonly RunningScheduler _running = new(new() { MaxConnectionsPerNextHop = 1 });

    public ValueTask DisposeAsync() => _running.DisposeAsync();

    [Fact]
    public async Task What_waits_in_the_store_is_delivered_in_order_of_due_time()
    {
        _running.Receiver(null, "two.example");
        _running.Waits(Given.Noon.AddMinutes(-1), "third@two.example");
        _running.Waits(Given.Noon.AddMinutes(-3), "first@two.example");
        _running.Waits(Given.Noon.AddMinutes(-2), "second@two.example");

        await _running.StartAsync();

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0);
        Assert.Equal(["first@two.example", "second@two.example", "third@two.example"], _running.Delivered);
    }

    [Fact]
    public async Task Nothing_is_tried_before_its_time()
    {
        _running.Receiver(null, "two.example");
        _running.Waits(Given.Noon.AddMinutes(5), "later@two.example");
        _running.Waits(Given.Noon, "now@two.example");
        await _running.StartAsync();

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 1);
        _running.Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        _running.Comes("fresh@two.example");
        await _running.UntilAsync(() => _running.Spool.WaitingCount == 1);
        Assert.Equal(["now@two.example", "fresh@two.example"], _running.Delivered);

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0, TimeSpan.FromSeconds(1));
        Assert.Equal("later@two.example", _running.Delivered.Last());
    }

    [Fact]
    public async Task A_deferred_recipient_is_tried_again_when_its_wait_is_over()
    {
        var tries = 0;
        _running.Receiver(new ReceiverScript { OnRecipient = (_, _) => Interlocked.Increment(ref tries) < 3 ? Response.Say("451 4.7.1 later") : Response.Say("250 2.1.5 Ok") }, "two.example");
        await _running.StartAsync();
        _running.Comes("reader@two.example");

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0, TimeSpan.FromSeconds(5));

        var outcomes = _running.Spool.Outcomes.ToList();
        Assert.Equal([EventKind.Deferred, EventKind.Deferred, EventKind.Delivered], outcomes.Select(one => one.Kind));
        Assert.True(outcomes[1].At >= outcomes[0].NextAttemptAt);
        Assert.True(outcomes[2].At >= outcomes[1].NextAttemptAt);
        await _running.UntilAsync(() => _running.Backlog.Untried == 0 && _running.Room.Count == 0);
    }

    [Fact]
    public async Task One_transaction_carries_the_recipients_that_share_a_next_hop()
    {
        var receiver = _running.Receiver(null, "two.example", "three.example");
        _running.Receiver(null, "four.example");
        await _running.StartAsync();

        _running.Comes("a@two.example", "b@four.example", "c@three.example", "d@two.example");

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0);
        Assert.Equal(
            ["a@two.example", "c@three.example", "d@two.example"],
            Assert.Single(receiver.Journal.Messages).Recipients.Select(one => one.Address).Order());
        Assert.Equal(2, _running.Spool.Records.Count);
    }

    [Fact]
    public async Task Recipients_that_wait_together_go_together_again()
    {
        var tries = 0;
        var receiver = _running.Receiver(new ReceiverScript { OnData = _ => Interlocked.Increment(ref tries) == 1 ? Response.Say("451 4.3.0 later") : Response.Say("354 go") }, "two.example", "three.example");
        await _running.StartAsync();
        _running.Comes("a@two.example", "b@three.example");
        _running.Comes("x@two.example", "y@three.example");

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0, TimeSpan.FromSeconds(5));

        Assert.All(receiver.Journal.Messages, message => Assert.Equal(2, message.Recipients.Count));
    }

    [Fact]
    public async Task Each_recipient_goes_its_own_way_by_its_own_reply()
    {
        _running.Receiver(
            new ReceiverScript
            {
                OnRecipient = (_, recipient) => Response.Say(recipient.LocalPart switch
                {
                    "nobody" => "550 5.1.1 no such user",
                    "full" => "452 4.2.2 full",
                    _ => "250 2.1.5 Ok",
                }),
            },
            "two.example", "one.example");
        await _running.StartAsync();

        _running.Comes("reader@two.example", "nobody@two.example", "full@two.example");

        await _running.UntilAsync(() => _running.Delivered.Contains("sender@one.example"));
        Assert.Equal(
            [EventKind.Delivered, EventKind.HardBounced, EventKind.Deferred],
            _running.Spool.Records.First().Attempt.Outcomes.Select(one => one.Kind));
        Assert.NotNull(_running.Spool.Records.First().Report);
        await _running.UntilAsync(() => _running.Spool.WaitingCount == 1);
        Assert.Equal(1, _running.Room.Count);
    }

    [Fact]
    public async Task A_domain_without_a_way_is_recorded_without_a_connection_and_holds_up_nobody()
    {
        _running.Receiver(null, "two.example", "one.example");
        _running.Dns.Mx["broken.example"] = FakeDns.Says<Waybill.Mail.Dns.MxRecord>(Waybill.Mail.Dns.DnsStatus.Failed);
        await _running.StartAsync();

        var recipients = _running.Comes("a@broken.example", "b@nowhere.example", "c@two.example").Recipients;

        await _running.UntilAsync(() => recipients.All(one => _running.Spool.Outcomes.Any(outcome => outcome.Id == one.Id)));
        Assert.Equal(
            [EventKind.Deferred, EventKind.HardBounced, EventKind.Delivered],
            recipients.Select(one => _running.Spool.Outcomes.Single(outcome => outcome.Id == one.Id).Kind));
    }

    [Fact]
    public async Task Slow_DNS_of_one_domain_does_not_hold_up_the_other_recipients_of_its_message()
    {
        var gate = new TaskCompletionSource();
        _running.Receiver(null, "two.example");
        var slow = _running.Receiver(null, "slow.example");
        await _running.StartAsync();
        _running.Comes("first@two.example");
        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0);

        _running.Dns.Gate = gate.Task;
        _running.Comes("a@two.example", "b@slow.example");
        await _running.UntilAsync(() => _running.Delivered.Contains("a@two.example"), TimeSpan.FromMilliseconds(100));
        Assert.Equal(0, slow.Journal.Received);

        gate.SetResult();
        await _running.UntilAsync(() => slow.Journal.Received == 1);
    }

    [Fact]
    public async Task A_dot_without_an_outcome_is_told_as_unknown_and_sent_again()
    {
        _running.Receiver(null, "two.example");
        var id = _running.Waits(Given.Noon.AddMinutes(5), "reader@two.example")[0].Id;
        _running.Spool.Dots.Add(new DotSent([id], Given.Noon.AddMinutes(-1), "mx1.example", "127.0.0.2:25"));

        await _running.StartAsync();

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0);
        Assert.Equal([EventKind.OutcomeUnknown, EventKind.Delivered], _running.Spool.Outcomes.Select(one => one.Kind));
        Assert.Contains("mx1.example", _running.Spool.Outcomes.First().Info);
    }

    [Fact]
    public async Task A_persons_order_to_try_now_is_followed_at_once()
    {
        _running.Receiver(null, "two.example");
        var id = _running.Waits(Given.Noon.AddHours(4), "reader@two.example")[0].Id;
        await _running.StartAsync();
        await _running.UntilAsync(() => _running.Room.Count == 1);

        _running.Live.Publish([new LiveChange(1, id, EventKind.RetryRequested)]);

        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0);
    }

    [Fact]
    public async Task A_cancelled_recipient_is_not_sent_even_when_it_stands_in_a_queue()
    {
        var gate = new TaskCompletionSource();
        var receiver = _running.Receiver(null, "two.example");
        _running.Dns.Gate = gate.Task;
        await _running.StartAsync();
        var message = _running.Comes("a@two.example");
        var other = _running.Comes("b@two.example");
        await _running.UntilAsync(() => _running.Room.Count == 2);

        _running.Spool.Remove(message.Recipients[0].Id);
        _running.Live.Publish([new LiveChange(1, message.Recipients[0].Id, EventKind.Cancelled)]);
        gate.SetResult();

        // The books are closed a moment after the outcome is stored.
        await _running.UntilAsync(() => _running.Spool.WaitingCount == 0 && _running.Room.Count == 0 && _running.Backlog.Untried == 0);
        Assert.Equal(["b@two.example"], _running.Delivered);
        Assert.Equal(other.Recipients[0].Id, Assert.Single(_running.Spool.Outcomes).Id);
    }

    [Fact]
    public async Task Stopping_waits_for_the_reply_of_what_is_being_sent_and_begins_nothing_new()
    {
        var receiver = _running.Receiver(new ReceiverScript { OnContent = _ => Response.Say("250 2.0.0 Ok").Late(TimeSpan.FromMilliseconds(500)) }, "two.example");
        await _running.StartAsync();
        _running.Comes("a@two.example");
        _running.Comes("b@two.example");
        await _running.UntilAsync(() => receiver.Journal.Received == 1);

        await _running.StopAsync();

        Assert.Equal([EventKind.Delivered], _running.Spool.Outcomes.Select(one => one.Kind));
        Assert.Equal((1L, 1), (_running.Spool.WaitingCount, (int)receiver.Journal.Received));
    }
}
