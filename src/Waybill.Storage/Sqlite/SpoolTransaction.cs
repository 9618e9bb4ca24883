using System.Buffers.Binary;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;
using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>One group commit under way: what its requests write through, and what must happen once it is durable.</summary>
internal sealed class SpoolTransaction(SqliteSession session, PartitionCatalog catalog, TimeProvider clock, StoreLimits limits)
{
    private const int JournalEntryOctets = 10;

    private readonly List<LiveChange> _changes = [];
    private readonly Dictionary<Partition, (long Waiting, long Stored)> _counts = [];
    private readonly HashSet<long> _notedDots = [];
    private readonly List<long> _resolvedDots = [];
    private byte[] _journal = new byte[4_096];
    private int _journalUsed;
    private long _sequence;

    public SqliteSession Session => session;

    /// <summary>The group's number; the one after the highest in the journal.</summary>
    public long Group { get; private set; }

    /// <summary>What was changed, for the live view.</summary>
    public IReadOnlyList<LiveChange> Changes => _changes;

    public void Begin(long group)
    {
        Group = group;
        _sequence = group << 20;
        _journalUsed = 0;
        _changes.Clear();
        _counts.Clear();
        _resolvedDots.Clear();
        session.Execute("BEGIN IMMEDIATE");
    }

    /// <summary>A number that grows with every event, over restarts too.</summary>
    public long NextSequence() => ++_sequence;

    /// <summary>The partition of an id, made when it is the first of its day or its share is full.</summary>
    public Partition PartitionFor(EmailId id)
    {
        var found = catalog.Find(id.Value);
        if (found is null || found.Day != Partition.NameOf(id.At, 0)[..8])
        {
            return Create(id.At, EmailId.FirstAt(new DateTimeOffset(id.At.UtcDateTime.Date, TimeSpan.Zero)));
        }

        if (found.Recipients >= limits.RecipientsPerPartition && catalog.All[^1] == found)
        {
            // Ids under way were given a moment ago, and may run ahead of a clock that was set back: the new share
            // begins behind them all. It stays inside its day; a share for the last second is not worth having.
            var after = new EmailId(Math.Max(EmailId.FirstAt(clock.GetUtcNow()).Value, found.HighestId)).At.AddSeconds(1);
            if (Partition.NameOf(after, 0)[..8] == found.Day)
            {
                Create(after, EmailId.FirstAt(after));
            }
        }

        return found;
    }

    /// <summary>The partition that holds an id; null when retention has dropped it.</summary>
    public Partition? PartitionOf(RecipientId id) => catalog.Find(id.Value);

    /// <summary>Counts recipients that were stored.</summary>
    /// <param name="waiting">How many of them wait.</param>
    public void Stored(Partition partition, EmailId id, int recipients, int waiting)
    {
        var counts = _counts.GetValueOrDefault(partition);
        _counts[partition] = (counts.Waiting + waiting, counts.Stored + recipients);
        partition.HighestId = Math.Max(partition.HighestId, id.Value + recipients - 1);
    }

    /// <summary>Counts a recipient that waits no longer.</summary>
    public void Ended(Partition partition)
    {
        var counts = _counts.GetValueOrDefault(partition);
        _counts[partition] = counts with { Waiting = counts.Waiting - 1 };
    }

    /// <summary>Remembers a dot whose outcome is out, as its row in the database does.</summary>
    public void NoteDot(long recipient) => _notedDots.Add(recipient);

    /// <summary>Forgets a noted dot, because its outcome is recorded.</summary>
    /// <returns>False when none was noted, which is nearly always: then there is no row to remove.</returns>
    public bool ResolveDot(long recipient)
    {
        if (!_notedDots.Remove(recipient))
        {
            return false;
        }

        _resolvedDots.Add(recipient);
        return true;
    }

    /// <summary>Notes a change in the journal: what the search index and the live view still have to hear of.</summary>
    public void Changed(int accountId, RecipientId recipient, EventKind kind)
    {
        if (_journalUsed + JournalEntryOctets > _journal.Length)
        {
            Array.Resize(ref _journal, _journal.Length * 2);
        }

        BinaryPrimitives.WriteInt64LittleEndian(_journal.AsSpan(_journalUsed), recipient.Value);
        BinaryPrimitives.WriteInt16LittleEndian(_journal.AsSpan(_journalUsed + 8), (short)kind);
        _journalUsed += JournalEntryOctets;
        _changes.Add(new LiveChange(accountId, recipient, kind));
    }

    /// <summary>Reads the entries of a journal row.</summary>
    public static List<RecipientChange> ReadJournal(ReadOnlySpan<byte> octets)
    {
        var entries = new List<RecipientChange>(octets.Length / JournalEntryOctets);
        for (; octets.Length >= JournalEntryOctets; octets = octets[JournalEntryOctets..])
        {
            entries.Add(new RecipientChange(
                new RecipientId(BinaryPrimitives.ReadInt64LittleEndian(octets)),
                (EventKind)BinaryPrimitives.ReadInt16LittleEndian(octets[8..])));
        }

        return entries;
    }

    public void Commit()
    {
        if (_journalUsed > 0)
        {
            session.Prepare("INSERT INTO journal(seq,at,changes) VALUES(?,?,?)")
                .Bind(1, Group)
                .Bind(2, StoredTime.From(clock.GetUtcNow()))
                .BindBlob(3, _journal.AsSpan(0, _journalUsed))
                .Run();
        }

        session.Execute("COMMIT");
        foreach (var (partition, change) in _counts)
        {
            partition.Waiting += change.Waiting;
            partition.Recipients += change.Stored;
        }
    }

    /// <summary>Undoes the group. Partitions it made are forgotten and made again by the next.</summary>
    public void Rollback()
    {
        if (session.InTransaction)
        {
            session.Execute("ROLLBACK");
        }

        _notedDots.UnionWith(_resolvedDots);
        session.ForgetStatements();
        catalog.Load(session);
    }

    private Partition Create(DateTimeOffset day, EmailId firstId)
    {
        var prefix = Partition.NameOf(day, 0)[..8];
        var share = 1 + catalog.All.Where(one => one.Day == prefix)
            .Select(one => int.Parse(one.Name.AsSpan(9), System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        var partition = new Partition(Partition.NameOf(day, share), firstId);
        foreach (var statement in partition.Create())
        {
            session.Execute(statement);
        }

        session.Prepare("INSERT INTO partition(name,first_id) VALUES(?,?)").Bind(1, partition.Name).Bind(2, firstId.Value).Run();
        catalog.Add(partition);
        return partition;
    }
}
