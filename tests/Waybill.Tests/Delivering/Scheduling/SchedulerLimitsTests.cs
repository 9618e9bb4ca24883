using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Recording;
using Waybill.Peers.Smtp;

namespace Waybill.Tests.Delivering.Scheduling;

/// <summary>How many connections, whose turn it is, and how much is held in memory.</summary>
public sealed class SchedulerLimitsTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task One_slow_destination_never_delays_another()
    {
        await using var running = new RunningScheduler();
        var slow = running.Receiver(new ReceiverScript { OnConnect = _ => Response.Stall(TimeSpan.FromMinutes(5)) }, "slow.example");
        running.Receiver(null, "quick.example");
        await running.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            running.Comes($"a{i}@slow.example");
        }

        await running.UntilAsync(() => slow.Journal.Connections > 0);
        for (var i = 0; i < 50; i++)
        {
            running.Comes($"a{i}@quick.example");
        }

        await running.UntilAsync(() => running.Spool.WaitingCount == 50);
        Assert.Equal(50, running.Delivered.Count);
        Assert.Equal(10, running.Control.Destinations.Single(one => one.Due > 0).Connections);
        slow.CutConnections();
    }

    [Fact]
    public async Task No_more_connections_are_open_to_a_next_hop_than_allowed_whatever_domains_it_serves()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { MaxConnectionsPerNextHop = 3 });
        var most = 0;
        ScriptedReceiver receiver = null!;
        receiver = running.Receiver(
            new ReceiverScript
            {
                OnContent = _ =>
                {
                    InterlockedMax(ref most, receiver.Journal.Open);
                    return Response.Say("250 2.0.0 Ok").Late(Short);
                },
            },
            "two.example", "three.example");
        await running.StartAsync();

        for (var i = 0; i < 30; i++)
        {
            running.Comes(i % 2 == 0 ? "reader@two.example" : "reader@three.example");
        }

        await running.UntilAsync(() => running.Spool.WaitingCount == 0);
        Assert.Equal(3, most);
        Assert.InRange(receiver.Journal.Connections, 3, 4);
    }

    [Fact]
    public async Task A_connection_carries_message_after_message_up_to_its_limit()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { MaxConnectionsPerNextHop = 1, MaxMessagesPerConnection = 4 });
        var receiver = running.Receiver(null, "two.example");
        await running.StartAsync();

        for (var i = 0; i < 10; i++)
        {
            running.Comes("reader@two.example");
        }

        await running.UntilAsync(() => running.Spool.WaitingCount == 0);
        Assert.Equal([4, 4, 2], receiver.Journal.Messages.GroupBy(message => message.Session.Number).Select(group => group.Count()));
    }

    [Fact]
    public async Task A_connection_is_kept_for_a_moment_and_then_closed_with_QUIT()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { IdleTime = TimeSpan.FromSeconds(2) });
        var receiver = running.Receiver(null, "two.example");
        await running.StartAsync();
        running.Comes("a@two.example");
        await running.UntilAsync(() => running.Spool.WaitingCount == 0);
        running.Clock.Advance(TimeSpan.FromSeconds(1));
        running.Comes("b@two.example");
        await running.UntilAsync(() => running.Spool.WaitingCount == 0);

        await running.UntilAsync(() => receiver.Journal.Open == 0, TimeSpan.FromMilliseconds(500));

        Assert.Equal(1, receiver.Journal.Connections);
        Assert.Equal("QUIT", receiver.Journal.Commands()[^1]);
        Assert.Empty(running.Control.Destinations);
    }

    [Fact]
    public async Task With_every_connection_taken_a_busy_destination_gives_way_to_those_that_wait()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { MaxConnections = 2, MaxConnectionsPerNextHop = 2, MaxMessagesPerConnection = 3 });
        var busy = running.Receiver(new ReceiverScript { OnContent = _ => Response.Say("250 2.0.0 Ok").Late(Short) }, "busy.example");
        running.Receiver(null, "two.example");
        running.Receiver(null, "three.example");
        await running.StartAsync();
        for (var i = 0; i < 100; i++)
        {
            running.Comes("reader@busy.example");
        }

        await running.UntilAsync(() => busy.Journal.Received >= 2);
        for (var i = 0; i < 4; i++)
        {
            running.Comes("reader@two.example");
            running.Comes("reader@three.example");
        }

        await running.UntilAsync(() => running.Delivered.Count(one => one != "reader@busy.example") == 8);
        Assert.InRange(busy.Journal.Received, 2, 60);
        await running.UntilAsync(() => running.Spool.WaitingCount == 0);
    }

    [Fact]
    public async Task Destinations_without_a_free_connection_all_get_their_turn()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { MaxConnections = 1 });
        for (var i = 0; i < 12; i++)
        {
            running.Receiver(null, $"d{i}.example");
        }

        await running.StartAsync();
        for (var i = 0; i < 36; i++)
        {
            running.Comes($"reader@d{i % 12}.example");
        }

        await running.UntilAsync(() => running.Spool.WaitingCount == 0);
        Assert.Equal(36, running.Delivered.Count);
    }

    [Fact]
    public async Task More_than_memory_may_hold_stays_in_the_store_and_is_found_in_time()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { MaxWaitingInMemory = 100 });
        running.Receiver(null, "two.example");
        for (var i = 0; i < 12_000; i++)
        {
            running.Waits(Given.Noon.AddSeconds(100 + (i / 2)), "reader@two.example");
        }

        await running.StartAsync();
        await running.UntilAsync(() => running.Room.Count > 0);
        var most = 0;
        await running.UntilAsync(
            () =>
            {
                most = Math.Max(most, running.Room.Count);
                return running.Spool.Outcomes.Count() >= 300;
            },
            TimeSpan.FromSeconds(2));

        // A page of the store is read at once: that much more than asked for, and no more.
        Assert.InRange(most, 1, 5_100);
        Assert.Equal(300, running.Spool.Outcomes.Take(300).Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public async Task Deferred_mail_that_memory_cannot_hold_is_found_in_the_store_at_its_time()
    {
        await using var running = new RunningScheduler(new DeliveryOptions { MaxWaitingInMemory = 40 });
        var refused = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        running.Receiver(
            new ReceiverScript { OnRecipient = (_, recipient) => Response.Say(refused.TryAdd(recipient.Address, true) ? "451 4.7.1 later" : "250 2.1.5 Ok") },
            "two.example");
        await running.StartAsync();
        for (var i = 0; i < 200; i++)
        {
            running.Comes($"reader{i}@two.example");
        }

        await running.UntilAsync(() => running.Spool.Outcomes.Count() == 200);
        await running.UntilAsync(() => running.Room.Count <= 40, TimeSpan.FromMilliseconds(100));
        await running.UntilAsync(() => running.Spool.WaitingCount == 0, TimeSpan.FromSeconds(5));

        Assert.Equal(200, running.Spool.Outcomes.Count(one => one.Kind == EventKind.Delivered));
    }

    [Fact]
    public async Task Fresh_mail_that_found_no_room_on_its_way_is_found_in_the_store()
    {
        await using var running = new RunningScheduler();
        running.Receiver(null, "two.example");
        for (var i = 0; i < 10_050; i++)
        {
            running.Comes("reader@two.example"); // Nobody takes it yet; the way holds ten thousand.
        }

        running.Spool.Records.Clear();
        await running.StartAsync();

        await running.UntilAsync(() => running.Spool.WaitingCount == 0, TimeSpan.FromMilliseconds(100));
        Assert.Equal(10_050, running.Spool.Outcomes.Select(one => one.Id).Distinct().Count());
        Assert.Equal(10_050, running.Delivered.Count);
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_asked_again()
    {
        await using var running = new RunningScheduler();
        running.Receiver(null, "two.example");
        running.Waits(Given.Noon, "reader@two.example");
        running.Spool.Fault = new IOException("the disk is away");
        await running.StartAsync();
        await running.UntilAsync(() => running.Spool.PagesRead > 2, TimeSpan.FromSeconds(5));

        running.Spool.Fault = null;

        await running.UntilAsync(() => running.Spool.WaitingCount == 0, TimeSpan.FromSeconds(5));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        var seen = Volatile.Read(ref target);
        while (value > seen && Interlocked.CompareExchange(ref target, value, seen) is var before && before != seen)
        {
            seen = before;
        }
    }
}
