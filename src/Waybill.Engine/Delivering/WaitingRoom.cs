using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Delivering;

/// <summary>The recipients this process looks after: those that wait for their time, and those whose delivery is under way.</summary>
/// <remarks>Only ids, times and an interned host: about 100 octets each. Everything in here is durable elsewhere. Any thread.</remarks>
internal sealed class WaitingRoom
{
    /// <summary>Stands for a due time where the delivery is under way.</summary>
    private const long UnderWay = long.MaxValue;

    private readonly Lock _lock = new();
    private readonly Dictionary<RecipientId, long> _owned = [];
    private readonly PriorityQueue<WaitingRecipient, long> _byTime = new();

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _owned.Count;
            }
        }
    }

    /// <summary>Takes a recipient whose delivery begins now.</summary>
    /// <returns>False when it is looked after already.</returns>
    public bool TryStart(RecipientId id)
    {
        lock (_lock)
        {
            return _owned.TryAdd(id, UnderWay);
        }
    }

    /// <summary>Takes a recipient that waits, as found in the store.</summary>
    /// <returns>False when it is looked after already.</returns>
    public bool TryWait(WaitingRecipient recipient)
    {
        lock (_lock)
        {
            if (!_owned.TryAdd(recipient.Id, recipient.DueAt.UtcTicks))
            {
                return false;
            }

            _byTime.Enqueue(recipient, recipient.DueAt.UtcTicks);
            return true;
        }
    }

    /// <summary>Puts a recipient back to wait, after an attempt or by order; what stood for it before is void.</summary>
    public void Wait(WaitingRecipient recipient)
    {
        lock (_lock)
        {
            _owned[recipient.Id] = recipient.DueAt.UtcTicks;
            _byTime.Enqueue(recipient, recipient.DueAt.UtcTicks);
        }
    }

    /// <summary>Moves a waiting recipient to another time; one that the store looks after alone is taken for it. One that is under way is left alone.</summary>
    public void Move(WaitingRecipient recipient)
    {
        lock (_lock)
        {
            if (!_owned.TryGetValue(recipient.Id, out var due) || due != UnderWay)
            {
                _owned[recipient.Id] = recipient.DueAt.UtcTicks;
                _byTime.Enqueue(recipient, recipient.DueAt.UtcTicks);
            }
        }
    }

    /// <summary>Whether this process looks after a recipient.</summary>
    public bool LooksAfter(RecipientId id)
    {
        lock (_lock)
        {
            return _owned.ContainsKey(id);
        }
    }

    /// <summary>Forgets the last of those that wait, so that fewer are looked after; the store alone has them then.</summary>
    /// <param name="keep">How many to keep; those under way are kept in any case.</param>
    /// <returns>When the first of the forgotten is due; null when nobody was.</returns>
    public DateTimeOffset? Shed(int keep)
    {
        lock (_lock)
        {
            // Entries that do not count any more go with them.
            var waiting = _byTime.UnorderedItems.Where(one => _owned.TryGetValue(one.Element.Id, out var due) && due == one.Priority).ToList();
            var left = Math.Clamp(keep - (_owned.Count - waiting.Count), 0, waiting.Count);
            waiting.Sort(static (one, other) => one.Priority.CompareTo(other.Priority));
            foreach (var (recipient, _) in waiting[left..])
            {
                _owned.Remove(recipient.Id);
            }

            _byTime.Clear();
            _byTime.EnqueueRange(waiting[..left]);
            return left < waiting.Count ? new DateTimeOffset(waiting[left].Priority, TimeSpan.Zero) : null;
        }
    }

    /// <summary>Forgets a recipient: it has ended, or the store looks after it alone.</summary>
    public void Leave(RecipientId id)
    {
        lock (_lock)
        {
            _owned.Remove(id);
        }
    }

    /// <summary>Takes those whose time has come, in order; their delivery begins now.</summary>
    public void TakeDue(DateTimeOffset now, int limit, List<WaitingRecipient> due)
    {
        lock (_lock)
        {
            while (due.Count < limit && _byTime.TryPeek(out var recipient, out var ticks) && ticks <= now.UtcTicks)
            {
                _byTime.Dequeue();

                // A time that was changed since leaves its old entry behind; only the one that counts is taken.
                if (_owned.TryGetValue(recipient.Id, out var current) && current == ticks)
                {
                    _owned[recipient.Id] = UnderWay;
                    due.Add(recipient);
                }
            }
        }
    }

    /// <summary>When the next recipient is due; null when nobody waits.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_lock)
            {
                return _byTime.TryPeek(out _, out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
            }
        }
    }
}
