using System.Net;

namespace Waybill.Peers.Dns;

/// <summary>A question that was asked and what became of it.</summary>
/// <param name="Outcome">The response code, or null when the server kept silent.</param>
public sealed record DnsJournalEntry(DateTimeOffset At, IPAddress Asker, DnsQuestion Question, DnsCode? Outcome, bool OverTcp);

/// <summary>Counts every question and keeps the latest; any thread may read it.</summary>
public sealed class DnsJournal
{
    private const int Kept = 10_000;

    // Past this many names only the total grows: a run with a million domains must not fill the memory.
    private const int MaxCounted = 200_000;

    private readonly Lock _lock = new();
    private readonly Queue<DnsJournalEntry> _entries = new();
    private readonly Dictionary<(string Name, DnsType Type), int> _counts = [];
    private long _total;

    public long Total => Interlocked.Read(ref _total);

    /// <summary>The latest questions, oldest first.</summary>
    public IReadOnlyList<DnsJournalEntry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>How often a name was asked for.</summary>
    public int Count(string name, DnsType type)
    {
        lock (_lock)
        {
            return _counts.GetValueOrDefault((Key(name), type));
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _counts.Clear();
            _total = 0;
        }
    }

    internal void Add(DnsJournalEntry entry)
    {
        lock (_lock)
        {
            _total++;
            _entries.Enqueue(entry);
            if (_entries.Count > Kept)
            {
                _entries.Dequeue();
            }

            var key = (Key(entry.Question.Name), entry.Question.Type);
            if (_counts.Count < MaxCounted || _counts.ContainsKey(key))
            {
                _counts[key] = _counts.GetValueOrDefault(key) + 1;
            }
        }
    }

    private static string Key(string name) => name.TrimEnd('.').ToLowerInvariant();
}
