using System.Collections.Concurrent;

namespace Waybill.Engine.Routing;

/// <summary>Keeps answers by name until they expire; a name that many ask for at once is looked up once. Any thread may ask.</summary>
/// <remarks>Bounded: when full, what has expired goes first, then whatever is met first. A route is cheap to find again.</remarks>
internal sealed class NameCache<T>(TimeProvider clock, int capacity, Func<T, TimeSpan> timeToLive)
{
    // A TTL of 0 would make every message ask; a TTL of a week would outlive a provider's move.
    public static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan LongestLife = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _eviction = new();

    public int Count => _entries.Count;

    /// <summary>The kept value, or the one <paramref name="find"/> returns.</summary>
    /// <param name="find">Runs without the caller's token, since others may wait for the same answer; it must end by itself.</param>
    public ValueTask<T> GetAsync(string name, Func<string, Task<T>> find, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(name, out var entry) && entry.IsFresh(clock.GetTimestamp()))
        {
            return entry.Lookup is { IsCompletedSuccessfully: true } done
                ? new ValueTask<T>(done.GetAwaiter().GetResult())
                : new ValueTask<T>(entry.Lookup.WaitAsync(cancellationToken));
        }

        return new ValueTask<T>(Begin(name, entry, find).WaitAsync(cancellationToken));
    }

    private Task<T> Begin(string name, Entry? stale, Func<string, Task<T>> find)
    {
        var mine = new Entry();
        var kept = stale is null
            ? _entries.GetOrAdd(name, mine)
            : _entries.AddOrUpdate(name, mine, (_, now) => ReferenceEquals(now, stale) ? mine : now);
        if (ReferenceEquals(kept, mine))
        {
            _ = FillAsync(name, mine, find); // Owned by the entry: its lookup task carries result and fault to those who wait.
            EvictWhenFull();
        }

        return kept.Lookup;
    }

    private async Task FillAsync(string name, Entry entry, Func<string, Task<T>> find)
    {
        try
        {
            var value = await find(name);
            var life = Math.Clamp(timeToLive(value).Ticks, ShortestLife.Ticks, LongestLife.Ticks);
            entry.Expires = clock.GetTimestamp() + (long)(life * ((double)clock.TimestampFrequency / TimeSpan.TicksPerSecond));
            entry.Source.SetResult(value);
        }
        catch (Exception fault)
        {
            // Not kept: the next one who asks tries again.
            _entries.TryRemove(new KeyValuePair<string, Entry>(name, entry));
            entry.Source.SetException(fault);
        }
    }

    private void EvictWhenFull()
    {
        if (_entries.Count <= capacity || !_eviction.TryEnter())
        {
            return;
        }

        try
        {
            var now = clock.GetTimestamp();
            var target = capacity - (capacity / 10);
            foreach (var pair in _entries)
            {
                if (!pair.Value.IsFresh(now))
                {
                    _entries.TryRemove(pair);
                }
            }

            foreach (var pair in _entries)
            {
                if (_entries.Count <= target)
                {
                    break;
                }

                if (pair.Value.Lookup.IsCompleted)
                {
                    _entries.TryRemove(pair);
                }
            }
        }
        finally
        {
            _eviction.Exit();
        }
    }

    private sealed class Entry
    {
        // While the lookup runs it counts as fresh, so that everybody waits for the same one.
        public long Expires { get => Volatile.Read(ref field); set => Volatile.Write(ref field, value); } = long.MaxValue;

        public TaskCompletionSource<T> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Lookup => Source.Task;

        public bool IsFresh(long now) => now < Expires;
    }
}
