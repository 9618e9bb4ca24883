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

    private SqliteStore(string dataDirectory, TimeProvider clock, LiveFeed live, ILoggerFactory loggers, bool writable)
    {
        Directory.CreateDirectory(dataDirectory);
        var path = Path.Combine(dataDirectory, "waybill.db");
        var catalog = new PartitionCatalog();
        _readers = new SqliteReaders(path);
        _content = new SegmentStore(Path.Combine(dataDirectory, "content"), writable);
        if (writable)
        {
            _lock = TakeLock(dataDirectory);
            _writerSession = SqliteSession.OpenWriter(path, "FULL");
            var lastGroup = Prepare(_writerSession, catalog, _content);
            var logger = loggers.CreateLogger<SqliteSpool>();
            _wal = new WalKeeper(path, logger);
            _wal.Start();
            var writer = new SpoolWriter(_writerSession, _content, catalog, live, _wal, clock, lastGroup, logger);
            Spool = new SqliteSpool(writer, _readers, catalog, clock);
        }
        else
        {
            _readers.Use(session => catalog.Load(session));
        }

        _search = new SearchIndex(Path.Combine(dataDirectory, "search.db"), _readers, catalog, clock, loggers.CreateLogger<SearchIndex>(), writable);
        Timeline = new SqliteTimeline(_readers, catalog, _search);
    }

    /// <summary>Takes mail and keeps its state; null when the store was opened for reading.</summary>
    public ISpool? Spool { get; }

    public ITimeline Timeline { get; }

    public IContentStore Content => _content;

    /// <summary>The highest id that was given, as floor for <see cref="EmailIdSource"/>.</summary>
    public EmailId HighestId { get; private set; }

    /// <summary>Opens the store for the one process that writes it.</summary>
    /// <exception cref="InvalidOperationException">Another process has it open, or the directory cannot be used; the message says what to do.</exception>
    public static SqliteStore Open(string dataDirectory, TimeProvider clock, LiveFeed live, ILoggerFactory loggers) =>
        new(dataDirectory, clock, live, loggers, writable: true);

    /// <summary>Opens the store for reading, beside the process that writes it.</summary>
    /// <exception cref="InvalidOperationException">There is no store in the directory.</exception>
    public static SqliteStore OpenForReading(string dataDirectory, TimeProvider clock, ILoggerFactory loggers)
    {
        if (!File.Exists(Path.Combine(dataDirectory, "waybill.db")))
        {
            throw new InvalidOperationException($"There is no Waybill store in '{dataDirectory}'. Name the server's data directory with --data.");
        }

        return new SqliteStore(dataDirectory, clock, new LiveFeed(), loggers, writable: false);
    }

    /// <summary>Removes what is older than its retention: content by day, then whole partitions without waiting recipients.</summary>
    public Task RetainAsync(TimeSpan content, TimeSpan timeline, CancellationToken cancellationToken) =>
        ((SqliteSpool)Spool!).RetainAsync(_content, _search, content, timeline, cancellationToken);

    public void Dispose()
    {
        (Spool as SqliteSpool)?.Dispose();
        _search.Dispose();
        _wal?.Dispose();
        _readers.Dispose();
        _writerSession?.Dispose();
        _content.Dispose();
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

    private long Prepare(SqliteSession session, PartitionCatalog catalog, SegmentStore content)
    {
        foreach (var table in Tables)
        {
            session.Execute(table);
        }

        catalog.Load(session);
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
            catalog.All[^1].Recipients = newest.Long(1);
            newest.Reset();
        }

        var segment = session.Prepare("SELECT number,position FROM segment");
        segment.Step();
        content.Resume(new SegmentPosition(segment.Int(0), segment.Long(1)));
        segment.Reset();
        var group = session.Prepare("SELECT coalesce(max(seq),0) FROM journal");
        group.Step();
        var last = group.Long(0);
        group.Reset();
        return last;
    }
}
