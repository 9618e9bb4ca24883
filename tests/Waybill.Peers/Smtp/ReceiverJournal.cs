using System.Collections.Concurrent;

namespace Waybill.Peers.Smtp;

/// <summary>Who did it.</summary>
public enum JournalSide
{
    Client,
    Receiver,

    /// <summary>A remark of the double: a handshake, a breach of the protocol, an end.</summary>
    Remark,
}

/// <summary>One line of a dialogue.</summary>
public sealed record JournalEntry(DateTimeOffset At, int Session, JournalSide Side, string Text);

/// <summary>What was said and what was received, bounded; any thread may read it.</summary>
public sealed class ReceiverJournal(int keptEntries, int keptMessages)
{
    private readonly ConcurrentQueue<JournalEntry> _entries = new();
    private readonly ConcurrentQueue<ReceivedMessage> _messages = new();
    private long _connections;
    private long _received;
    private long _confirmed;
    private int _open;

    /// <summary>The latest lines, oldest first, of all sessions as they came.</summary>
    public IReadOnlyList<JournalEntry> Entries => [.. _entries];

    /// <summary>The latest messages whose content arrived, oldest first, whatever they were answered.</summary>
    public IReadOnlyList<ReceivedMessage> Messages => [.. _messages];

    /// <summary>Connections so far.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>Connections that are open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Messages whose content arrived.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Messages that were answered 2yz.</summary>
    public long Confirmed => Interlocked.Read(ref _confirmed);

    /// <summary>The commands of one session, or of all, in their order.</summary>
    public IReadOnlyList<string> Commands(int? session = null) =>
        [.. _entries.Where(e => e.Side == JournalSide.Client && (session is null || e.Session == session)).Select(e => e.Text)];

    public void Clear()
    {
        _entries.Clear();
        _messages.Clear();
    }

    internal bool KeepsEntries => keptEntries > 0;

    internal int Connected()
    {
        Interlocked.Increment(ref _open);
        return (int)Interlocked.Increment(ref _connections);
    }

    internal void Disconnected() => Interlocked.Decrement(ref _open);

    internal void Add(JournalEntry entry)
    {
        _entries.Enqueue(entry);
        if (_entries.Count > keptEntries)
        {
            _entries.TryDequeue(out _);
        }
    }

    internal void Add(ReceivedMessage message)
    {
        Interlocked.Increment(ref _received);
        if (keptMessages > 0)
        {
            _messages.Enqueue(message);
            if (_messages.Count > keptMessages)
            {
                _messages.TryDequeue(out _);
            }
        }
    }

    internal void Confirm() => Interlocked.Increment(ref _confirmed);
}
