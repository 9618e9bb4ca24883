using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Delivering;

/// <summary>A recipient in a destination's queue: loaded when it is fresh, else by id.</summary>
/// <param name="Host">As <see cref="WaitingRecipient.Host"/>.</param>
internal readonly record struct QueuedRecipient(RecipientId Id, EmailId EmailId, string Host, DueRecipient? Loaded);

/// <summary>One next hop: what is due for it, and the lanes that work on it.</summary>
/// <remarks>A slow next hop holds its own queue and its own lanes, nobody else's. Any thread.</remarks>
internal sealed class Destination(NextHop nextHop, int maxLanes, int maxMessages)
{
    private const int LoadedAhead = 1_000;

    private readonly Lock _lock = new();
    private readonly Queue<QueuedRecipient> _due = new();
    private readonly Stack<DeliveryLane> _idle = new();
    private int _lanes;
    private long _taken;
    private long _takenAtLastLook;
    private bool _isStarved;

    public NextHop NextHop { get; } = nextHop;

    public int MaxMessages { get; } = maxMessages;

    /// <summary>The newest route to it.</summary>
    public Route.Hosts? Route { get; set; }

    public int Due
    {
        get
        {
            lock (_lock)
            {
                return _due.Count;
            }
        }
    }

    public int Lanes
    {
        get
        {
            lock (_lock)
            {
                return _lanes;
            }
        }
    }

    /// <summary>Adds recipients, those of one message together.</summary>
    /// <param name="idle">A lane with an open connection that should be woken, if there is one.</param>
    /// <returns>True when another lane should be opened for them.</returns>
    public bool Add(ReadOnlySpan<QueuedRecipient> recipients, out DeliveryLane? idle)
    {
        lock (_lock)
        {
            foreach (var recipient in recipients)
            {
                // In a long queue only ids are kept: what an attempt needs is ten times as much, and is loaded when its turn comes.
                _due.Enqueue(_due.Count < LoadedAhead ? recipient : recipient with { Loaded = null });
            }

            if (_idle.TryPop(out idle))
            {
                return false;
            }

            return TryAddLane();
        }
    }

    /// <summary>Takes the recipients of the next message.</summary>
    /// <returns>False when nothing is due.</returns>
    public bool TryTake(int limit, List<QueuedRecipient> batch)
    {
        batch.Clear();
        lock (_lock)
        {
            _taken++;
            while (batch.Count < limit && _due.TryPeek(out var next) && (batch.Count == 0 || next.EmailId == batch[0].EmailId))
            {
                batch.Add(_due.Dequeue());
            }
        }

        return batch.Count > 0;
    }

    /// <summary>Takes whatever is due, of any message: for an attempt that failed before a message was begun.</summary>
    public void TakeAny(int limit, List<QueuedRecipient> batch)
    {
        lock (_lock)
        {
            while (batch.Count < limit && _due.TryDequeue(out var next))
            {
                batch.Add(next);
            }
        }
    }

    /// <summary>Lets a lane rest with its connection open, unless there is work.</summary>
    /// <returns>False when something is due; the lane goes on.</returns>
    public bool TryRest(DeliveryLane lane)
    {
        lock (_lock)
        {
            if (_due.Count > 0)
            {
                return false;
            }

            _idle.Push(lane);
            return true;
        }
    }

    /// <summary>Takes a resting lane out, because it closes.</summary>
    /// <returns>False when it has been woken meanwhile.</returns>
    public bool TryEndRest(DeliveryLane lane)
    {
        lock (_lock)
        {
            if (!_idle.Contains(lane))
            {
                return false;
            }

            var others = _idle.Where(other => other != lane).Reverse().ToArray();
            _idle.Clear();
            foreach (var other in others)
            {
                _idle.Push(other);
            }

            return true;
        }
    }

    /// <summary>A lane ends.</summary>
    /// <returns>True when there is work for a new one in its place.</returns>
    public bool LaneEnded()
    {
        lock (_lock)
        {
            _lanes--;
            return TryAddLane();
        }
    }

    /// <summary>Asks from time to time whether what is due has been waiting for a lane that is held up: one silent connection must not hold the next message. Counts the lane when there should be another.</summary>
    public bool WantsLaneAfterStall()
    {
        lock (_lock)
        {
            var stalled = _due.Count > 0 && _taken == _takenAtLastLook;
            _takenAtLastLook = _taken;
            if (!stalled || _isStarved || _lanes >= maxLanes)
            {
                return false;
            }

            _lanes++;
            return true;
        }
    }

    /// <summary>Asks, when its turn among the starved has come, whether a lane should be opened now, and counts it when it should.</summary>
    public bool WantsLane()
    {
        lock (_lock)
        {
            _isStarved = false;
            return TryAddLane();
        }
    }

    /// <summary>A lane that was to be opened could not be: there are too many connections already.</summary>
    /// <returns>True when it should stand with the starved; false when it stands there already.</returns>
    public bool LaneNotOpened()
    {
        lock (_lock)
        {
            _lanes--;
            (var stoodThere, _isStarved) = (_isStarved, true);
            return !stoodThere;
        }
    }

    private bool TryAddLane()
    {
        // A lane for every message would open connections that one lane would make superfluous a millisecond later.
        if (_isStarved || _due.Count == 0 || _lanes >= maxLanes || (_lanes > 0 && _due.Count <= _lanes))
        {
            return false;
        }

        _lanes++;
        return true;
    }
}
