using Waybill.Mail.Messages;

namespace Waybill.Engine.Recording;

/// <summary>Something about a recipient changed and is already committed.</summary>
public readonly record struct LiveChange(int AccountId, RecipientId Recipient, EventKind Kind);

/// <summary>Tells open pages what was just committed. Nobody listening costs nothing; a slow listener loses changes, never holds the writer up.</summary>
public sealed class LiveFeed
{
    private volatile Action<IReadOnlyList<LiveChange>>[] _listeners = [];
    private readonly Lock _lock = new();

    public bool HasListeners => _listeners.Length > 0;

    /// <summary>Listens until the result is disposed of. The listener is called on the writer's thread: it only notes and returns.</summary>
    public IDisposable Listen(Action<IReadOnlyList<LiveChange>> listener)
    {
        lock (_lock)
        {
            _listeners = [.. _listeners, listener];
        }

        return new Subscription(this, listener);
    }

    /// <summary>Called by the store after a commit.</summary>
    public void Publish(IReadOnlyList<LiveChange> changes)
    {
        foreach (var listener in _listeners)
        {
            listener(changes);
        }
    }

    private void Remove(Action<IReadOnlyList<LiveChange>> listener)
    {
        lock (_lock)
        {
            _listeners = [.. _listeners.Where(other => other != listener)];
        }
    }

    private sealed class Subscription(LiveFeed feed, Action<IReadOnlyList<LiveChange>> listener) : IDisposable
    {
        public void Dispose() => feed.Remove(listener);
    }
}
