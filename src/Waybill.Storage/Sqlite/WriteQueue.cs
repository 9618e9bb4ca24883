namespace Waybill.Storage.Sqlite;

/// <summary>
/// What waits for the writer: new requests, and those that a failing store has put off. Whoever can be told no is never
/// put off; outcomes are, in their order, until the store is back.
/// </summary>
internal sealed class WriteQueue
{
    // More would only make the first of a group wait longer; the sync is shared well enough by then.
    public const int MaxGroup = 400;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Not bounded by itself: a session or a connection has one request waiting at most, and those are.
    private readonly Queue<WriteRequest> _new = new();
    private readonly List<WriteRequest> _putOff = [];
    private long _retryAt;
    private bool _closed;

    /// <summary>Adds a request.</summary>
    /// <returns>False when the queue is closed.</returns>
    public bool TryAdd(WriteRequest request)
    {
        lock (_new)
        {
            if (_closed)
            {
                return false;
            }

            _new.Enqueue(request);
            Monitor.Pulse(_new);
            return true;
        }
    }

    /// <summary>Puts requests off for a moment, before everything that came after them.</summary>
    /// <returns>False when the queue is closed: there is no later.</returns>
    public bool TryPutOff(List<WriteRequest> requests)
    {
        lock (_new)
        {
            if (_closed)
            {
                return false;
            }

            _putOff.InsertRange(0, requests);
            _retryAt = Environment.TickCount64 + (long)Pause.TotalMilliseconds;
            return true;
        }
    }

    /// <summary>The store has just taken something: what was put off is tried next.</summary>
    public void RetryNow()
    {
        lock (_new)
        {
            _retryAt = 0;
        }
    }

    /// <summary>Takes no more; what waits is tried once again.</summary>
    public void Close()
    {
        lock (_new)
        {
            _closed = true;
            Monitor.Pulse(_new);
        }
    }

    /// <summary>Waits for requests and takes a group.</summary>
    /// <param name="isFailing">Whether to come back without any after a pause, to see if the store works again.</param>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool Take(List<WriteRequest> group, bool isFailing)
    {
        group.Clear();
        lock (_new)
        {
            while (true)
            {
                if (_putOff.Count == 0 || _closed || Environment.TickCount64 >= _retryAt)
                {
                    TakeInOrder(group);
                }
                else
                {
                    TakeThoseToTell(group);
                }

                if (group.Count > 0)
                {
                    return true;
                }

                if (_closed)
                {
                    return false;
                }

                if (!isFailing && _putOff.Count == 0)
                {
                    Monitor.Wait(_new);
                }
                else if (!Monitor.Wait(_new, Pause) && isFailing && _putOff.Count == 0)
                {
                    return true;
                }
            }
        }
    }

    private void TakeInOrder(List<WriteRequest> group)
    {
        var again = Math.Min(_putOff.Count, MaxGroup);
        group.AddRange(_putOff[..again]);
        _putOff.RemoveRange(0, again);
        while (group.Count < MaxGroup && _putOff.Count == 0 && _new.TryDequeue(out var request))
        {
            group.Add(request);
        }
    }

    /// <summary>While others are put off, new requests that can be told no are tried at once: they also show when the store is back.</summary>
    private void TakeThoseToTell(List<WriteRequest> group)
    {
        while (group.Count < MaxGroup && _new.TryDequeue(out var request))
        {
            if (request.FailsFast)
            {
                group.Add(request);
            }
            else
            {
                _putOff.Add(request);
            }
        }
    }
}
