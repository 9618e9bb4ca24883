using Waybill.Engine.Delivering;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Delivering.Scheduling;

public sealed class WaitingRoomTests
{
    private readonly WaitingRoom _room = new();

    [Fact]
    public void Those_whose_time_has_come_are_taken_in_its_order()
    {
        _room.TryWait(Waits(1, 30));
        _room.TryWait(Waits(2, 10));
        _room.TryWait(Waits(3, 20));

        Assert.Equal([2, 3], Due(20));
        Assert.Equal([], Due(29));
        Assert.Equal([1], Due(30));
    }

    [Fact]
    public void No_more_are_taken_than_asked_for()
    {
        for (var i = 1; i <= 5; i++)
        {
            _room.TryWait(Waits(i, i));
        }

        Assert.Equal([1, 2], Due(10, limit: 2));
        Assert.Equal([3, 4, 5], Due(10));
    }

    [Fact]
    public void Whoever_is_under_way_or_waits_is_not_taken_a_second_time()
    {
        Assert.True(_room.TryStart(new RecipientId(1)));
        Assert.False(_room.TryStart(new RecipientId(1)));
        Assert.False(_room.TryWait(Waits(1, 5)));
        Assert.True(_room.TryWait(Waits(2, 5)));
        Assert.False(_room.TryStart(new RecipientId(2)));
        Assert.False(_room.TryWait(Waits(2, 1)));

        Assert.Equal([2], Due(10));
        Assert.False(_room.TryWait(Waits(2, 5)));
        Assert.Equal([], Due(10));
    }

    [Fact]
    public void Whoever_is_put_back_waits_for_its_new_time_only()
    {
        _room.TryWait(Waits(1, 5));
        Due(5);

        _room.Wait(Waits(1, 50));
        _room.Wait(Waits(1, 40));

        Assert.Equal([], Due(39));
        Assert.Equal([1], Due(60));
        Assert.Equal([], Due(60));
    }

    [Fact]
    public void A_waiting_recipient_can_be_moved_and_one_under_way_cannot()
    {
        _room.TryWait(Waits(1, 50));
        _room.TryStart(new RecipientId(2));

        _room.Move(Waits(1, 10));
        _room.Move(Waits(2, 10));

        Assert.Equal([1], Due(10));
        Assert.Equal([], Due(60));
    }

    [Fact]
    public void A_recipient_that_only_the_store_knew_is_taken_when_it_is_moved()
    {
        _room.Move(Waits(7, 10));

        Assert.Equal([7], Due(10));
    }

    [Fact]
    public void Whoever_has_left_is_forgotten_and_may_come_again()
    {
        _room.TryWait(Waits(1, 5));
        _room.Leave(new RecipientId(1));

        Assert.False(_room.LooksAfter(new RecipientId(1)));
        Assert.Equal([], Due(10));
        Assert.True(_room.TryWait(Waits(1, 6)));
        Assert.Equal([1], Due(10));
        Assert.Equal(1, _room.Count);
    }

    [Fact]
    public void The_next_time_is_that_of_the_first()
    {
        Assert.Null(_room.NextDue);
        _room.TryWait(Waits(1, 50));
        _room.TryWait(Waits(2, 20));

        Assert.Equal(At(20), _room.NextDue);
    }

    [Fact]
    public void A_crowded_room_forgets_those_that_are_due_last_and_says_from_when_on()
    {
        _room.TryStart(new RecipientId(100));
        for (var i = 1; i <= 10; i++)
        {
            _room.TryWait(Waits(i, i));
        }

        _room.Move(Waits(9, 2));

        Assert.Equal(At(5), _room.Shed(keep: 6));
        Assert.Equal(6, _room.Count);
        Assert.True(_room.LooksAfter(new RecipientId(100)));
        Assert.Equal([1, 2, 9, 3, 4], Due(100));
    }

    [Fact]
    public void A_room_that_is_not_crowded_forgets_nobody()
    {
        _room.TryWait(Waits(1, 5));

        Assert.Null(_room.Shed(keep: 1));
        Assert.Equal([1], Due(5));
    }

    private static DateTimeOffset At(int second) => Given.Noon.AddSeconds(second);

    private static WaitingRecipient Waits(long id, int second) => new(new RecipientId(id), new EmailId(id), "two.example", At(second));

    private List<long> Due(int second, int limit = 100)
    {
        var due = new List<WaitingRecipient>();
        _room.TakeDue(At(second), limit, due);
        return [.. due.Select(one => one.Id.Value)];
    }
}
