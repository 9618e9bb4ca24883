using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Storage.Files;

namespace Waybill.Storage.Sqlite;

/// <summary>The embedded store: a data directory with the spool and timeline (<c>waybill.db</c>), the search index (<c>search.db</c>) and the content.</summary>
public sealed class SqliteStore : IDisposable
{
    private static readonly string[] Tables =
    [
        "CREATE TABLE IF NOT EXISTS partition(name TEXT PRIMARY KEY, first_id INTEGER NOT NULL UNIQUE) STRICT",
        "CREATE TABLE IF NOT EXISTS journal(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, changes BLOB NOT NULL) STRICT",
        "CREATE TABLE IF NOT EXISTS journal_trimmed(one INTEGER PRIMARY KEY CHECK(one=1), seq INTEGER NOT NULL) STRICT",
        "INSERT OR IGNORE INTO journal_trimmed(one,seq) VALUES(1,0)",
        "CREATE TABLE IF NOT EXISTS dot_sent(rid INTEGER PRIMARY KEY, at INTEGER NOT NULL, host TEXT NOT NULL, address TEXT NOT NULL) STRICT",
        "CREATE TABLE IF NOT EXISTS segment(one INTEGER PRIMARY KEY CHECK(one=1), number INTEGER NOT NULL, position INTEGER NOT NULL) STRICT",
        "INSERT OR IGNORE INTO segment(one,number,position) VALUES(1,0,0)",
    ];

    private readonly SqliteSession? _writerSession;
    private readonly WalKeeper? _wal;
    private readonly FileStream? _lock;
    private readonly SegmentStore _content;
    private readonly SqliteReaders _readers;
    private readonly SearchIndex _search;

    private SqliteStore(string dataDirectory, TimeProvider clock, LiveFeed live, ILoggerFactory loggers, StoreLimits limits, bool writable)
    {
        Directory.CreateDirectory(dataDirectory);
        var path = Path.Combine(dataDirectory, "waybill.db");
        var catalog = new PartitionCatalog();
        SqliteSpool? spool = null;
        _readers = new SqliteReaders(path);

        // The lock first: what lies in the directory belongs to whoever holds it.
        _lock = writable ? TakeLock(dataDirectory) : null;
        _content = new SegmentStore(Path.Combine(dataDirectory, "content"), writable);
        if (writable)
        {
            _writerSession = SqliteSession.OpenWriter(path, "FULL");
            var transaction = new SpoolTransaction(_writerSession, catalog, clock, limits);
            var lastGroup = Prepare(_writerSession, catalog, transaction);
            var logger = loggers.CreateLogger<SqliteSpool>();
            _wal = new WalKeeper(path, logger);
            _wal.Start();
            var writer = new SpoolWriter(_writerSession, _content, transaction, live, _wal, clock, lastGroup, logger);
            spool = new SqliteSpool(writer, _readers, catalog, clock);
            Spool = spool;
        }
        else
        {
            _readers.Use(session => catalog.Load(session));
        }

        _search = new SearchIndex(Path.Combine(dataDirectory, "search.db"), _readers, catalog, clock, loggers.CreateLogger<SearchIndex>(), spool);
        Timeline = new SqliteTimeline(_readers, catalog, _search);
    }

    /// <summary>Takes mail and keeps its state; null when the store was opened for reading.</summary>
    public ISpool? Spool { get; }

    public ITimeline Timeline { get; }

    internal SearchIndex Search => _search;

    internal SqliteSession? WriterSession => _writerSession;

    public IContentStore Content => _content;

    /// <summary>The highest id that was given, as floor for <see cref="EmailIdSource"/>.</summary>
    public EmailId HighestId { get; private set; }

    /// <summary>Opens the store for the one process that writes it.</summary>
    /// <exception cref="InvalidOperationException">Another process has it open, or the directory cannot be used; the message says what to do.</exception>
    public static SqliteStore Open(string dataDirectory, TimeProvider clock, LiveFeed live, ILoggerFactory loggers) =>
        Open(dataDirectory, clock, live, loggers, new StoreLimits());

    internal static SqliteStore Open(string dataDirectory, TimeProvider clock, LiveFeed live, ILoggerFactory loggers, StoreLimits limits) =>
        new(dataDirectory, clock, live, loggers, limits, writable: true);

    /// <summary>Opens the store for reading, beside the process that writes it.</summary>
    /// <exception cref="InvalidOperationException">There is no store in the directory.</exception>
    public static SqliteStore OpenForReading(string dataDirectory, TimeProvider clock, ILoggerFactory loggers)
    {
        if (!File.Exists(Path.Combine(dataDirectory, "waybill.db")))
        {
            throw new InvalidOperationException($"There is no Waybill store in '{dataDirectory}'. Name the server's data directory with --data.");
        }

        return new SqliteStore(dataDirectory, clock, new LiveFeed(), loggers, new StoreLimits(), writable: false);
    }

    /// <summary>Removes what is older than its retention: content by day, then whole partitions. What somebody still waits for stays.</summary>
    public async Task<Removed> RetainAsync(TimeSpan content, TimeSpan timeline, CancellationToken cancellationToken)
    {
        var spool = (SqliteSpool)Spool!;
        var days = _content.RemoveBefore(spool.Now - content, spool.DaysWithWaiting);
        return new Removed(days.Count, await spool.DropBeforeAsync(spool.Now - timeline, _search, cancellationToken));
    }

    public void Dispose()
    {
        (Spool as SqliteSpool)?.Close();
        _search.Dispose();
        _wal?.Dispose();
        _readers.Dispose();
        _writerSession?.Dispose();
        _content.Close();
        _lock?.Dispose();
    }

    private static FileStream TakeLock(string dataDirectory)
    {
        try
        {
            return new FileStream(Path.Combine(dataDirectory, "waybill.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new InvalidOperationException(
                $"The data directory '{dataDirectory}' is in use by another Waybill. Stop that one, or name another directory with --data.", fault);
        }
    }

    private long Prepare(SqliteSession session, PartitionCatalog catalog, SpoolTransaction transaction)
    {
        foreach (var table in Tables)
        {
            session.Execute(table);
        }

        catalog.Load(session);
        DropLeftOvers(session, catalog);
        foreach (var partition in catalog.All)
        {
            var count = session.Prepare(partition.CountWaiting);
            count.Step();
            partition.Waiting = count.Long(0);
            count.Reset();
        }

        if (catalog.All.Count > 0)
        {
            var newest = session.Prepare($"SELECT max(rid),count(*) FROM recipient_{catalog.All[^1].Name}");
            newest.Step();
            HighestId = new EmailId(Math.Max(newest.Long(0), catalog.All[^1].FirstId.Value));
            catalog.All[^1].HighestId = HighestId.Value;
            catalog.All[^1].Recipients = newest.Long(1);
            newest.Reset();
        }

        var segment = session.Prepare("SELECT number,position FROM segment");
        segment.Step();
        _content.Resume(new SegmentPosition(segment.Int(0), segment.Long(1)));
        segment.Reset();
        var dots = session.Prepare("SELECT rid FROM dot_sent");
        while (dots.Step())
        {
            transaction.NoteDot(dots.Long(0));
        }

        dots.Reset();
        var group = session.Prepare("SELECT coalesce(max(seq),0) FROM journal");
        group.Step();
        var last = group.Long(0);
        group.Reset();
        return last;
    }

    // A drop that was cut short: the partition is out of the catalogue, some of its tables are still there.
    private static void DropLeftOvers(SqliteSession session, PartitionCatalog catalog)
    {
        var names = catalog.All.Select(partition => partition.Name).ToHashSet(StringComparer.Ordinal);
        var leftOver = new List<string>();
        var select = session.Prepare("SELECT name FROM sqlite_master WHERE type='table'");
        while (select.Step())
        {
            var name = select.Text(0);
            if (name.Split('_', 2) is ["message" or "recipient" or "event" or "attempt", var partition] && !names.Contains(partition))
            {
                leftOver.Add(name);
            }
        }

        select.Reset();
        leftOver.ForEach(name => session.Execute($"DROP TABLE {name}"));
    }
}

/// <summary>What retention took away.</summary>
public readonly record struct Removed(int ContentDays, int Partitions);
