using Waybill.Engine.Delivering;
using Waybill.Engine.Routing;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Delivering.Scheduling;

public sealed class DestinationTests
{
    private readonly Destination _destination = new(new NextHop("mx.example"), maxLanes: 3, maxMessages: 100);

    [Fact]
    public void The_first_message_opens_a_lane_and_more_open_more_up_to_the_limit()
    {
        Assert.True(Add(1));
        Assert.True(Add(2));
        Assert.True(Add(3));
        Assert.False(Add(4));
        Assert.Equal((3, 4), (_destination.Lanes, _destination.Due));
    }

    [Fact]
    public void No_lane_is_opened_for_work_that_those_there_can_take()
    {
        Add(1);
        Take();

        Assert.False(_destination.WantsLane());
        Assert.False(Add(2));
    }

    [Fact]
    public void What_waits_behind_a_connection_that_is_held_up_gets_another()
    {
        Add(1);
        Take();
        Add(2);

        Assert.False(_destination.WantsLaneAfterStall()); // Something was taken since the last look.
        Assert.True(_destination.WantsLaneAfterStall());
        Assert.Equal(2, _destination.Lanes);
        Take();
        Assert.False(_destination.WantsLaneAfterStall());
    }

    [Fact]
    public void A_message_is_taken_with_all_its_recipients_and_alone()
    {
        Add(1, 1, 1, 2, 2);

        Assert.Equal([1, 1, 1], Take());
        Assert.Equal([2, 2], Take());
        Assert.Equal([], Take());
    }

    [Fact]
    public void A_transaction_takes_no_more_recipients_than_the_peer_does()
    {
        Add(1, 1, 1);

        Assert.Equal([1, 1], Take(limit: 2));
        Assert.Equal([1], Take(limit: 2));
    }

    [Fact]
    public void Any_recipients_can_be_taken_for_an_attempt_that_never_began_a_message()
    {
        Add(1, 2, 3);
        var batch = new List<QueuedRecipient>();

        _destination.TakeAny(2, batch);

        Assert.Equal([1, 2], batch.Select(one => one.EmailId.Value));
        Assert.Equal(1, _destination.Due);
    }

    [Fact]
    public void A_resting_lane_is_woken_before_another_is_opened()
    {
        Add(1);
        Take();
        var lane = Lane();
        Assert.True(_destination.TryRest(lane));

        Assert.False(Add(out var woken, 2));
        Assert.Same(lane, woken);
        Assert.False(_destination.TryEndRest(lane)); // The work is its own now.
    }

    [Fact]
    public void The_lane_that_has_rested_least_is_woken_first_and_the_others_rest_on()
    {
        var (first, second, third) = (Lane(), Lane(), Lane());
        _destination.TryRest(first);
        _destination.TryRest(second);
        _destination.TryRest(third);

        Assert.True(_destination.TryEndRest(second));
        Add(out var woken, 1);
        Assert.Same(third, woken);
        Add(out woken, 2);
        Assert.Same(first, woken);
        Add(out woken, 3);
        Assert.Null(woken);
    }

    [Fact]
    public void A_lane_does_not_rest_while_something_is_due()
    {
        Add(1);

        Assert.False(_destination.TryRest(Lane()));
    }

    [Fact]
    public void A_lane_that_ends_is_replaced_only_when_there_is_work()
    {
        Add(1);
        Take();
        Assert.False(_destination.LaneEnded());
        Assert.Equal(0, _destination.Lanes);

        Add(2);
        Assert.True(_destination.LaneEnded());
        Assert.Equal(1, _destination.Lanes);
    }

    [Fact]
    public void A_destination_stands_among_the_starved_once_and_asks_for_no_lane_meanwhile()
    {
        Add(1);
        Assert.True(_destination.LaneNotOpened());
        Assert.False(Add(2));
        Assert.False(Add(3));

        Assert.True(_destination.WantsLane());
        Assert.Equal(1, _destination.Lanes);
        Assert.True(_destination.LaneNotOpened());
    }

    [Fact]
    public void In_a_long_queue_only_ids_are_kept()
    {
        var loaded = Given.To("reader@two.example")[0];
        for (var i = 0; i < 1_500; i++)
        {
            _destination.Add([new QueuedRecipient(new RecipientId(i), new EmailId(i), "two.example", loaded)], out _);
        }

        var batch = new List<QueuedRecipient>();
        _destination.TakeAny(2_000, batch);

        Assert.Equal(1_000, batch.Count(one => one.Loaded is not null));
        Assert.All(batch, one => Assert.Equal("two.example", one.Host));
    }

    private bool Add(params long[] messages) => Add(out _, messages);

    private bool Add(out DeliveryLane? idle, params long[] messages) => _destination.Add(
        [.. messages.Select((message, i) => new QueuedRecipient(new RecipientId((message * 100) + i), new EmailId(message), "two.example", null))], out idle);

    private List<long> Take(int limit = 100)
    {
        var batch = new List<QueuedRecipient>();
        Assert.Equal(_destination.TryTake(limit, batch), batch.Count > 0);
        return [.. batch.Select(one => one.EmailId.Value)];
    }

    private DeliveryLane Lane() => new(null!, _destination, CancellationToken.None);
}
