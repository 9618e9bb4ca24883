using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Storage.Files;

namespace Waybill.Storage.Sqlite;

/// <summary>
/// The one writer: takes every request that waits, syncs their content, commits them in one transaction, completes the
/// callers, and begins again. It waits for nothing when idle, so a lone message is durable in two syncs; under load
/// the group grows while the disk works.
/// </summary>
internal sealed class SpoolWriter : IDisposable
{
    // More would only make the first of the group wait longer; the sync is shared well enough by then.
    private const int MaxGroup = 400;
    private static readonly TimeSpan RetryAfterFault = TimeSpan.FromMilliseconds(500);

    private readonly SqliteSession _session;
    private readonly SegmentStore _content;
    private readonly SpoolTransaction _transaction;
    private readonly LiveFeed _live;
    private readonly WalKeeper _wal;
    private readonly ILogger<SqliteSpool> _logger;
    private readonly Thread _thread;

    // Not bounded by itself: a session or a connection has one request waiting at most, and those are.
    private readonly Queue<WriteRequest> _queue = new();
    private readonly List<(EmailId, FileDraft)> _drafts = [];
    private readonly List<ContentReference> _references = [];
    private bool _stopping;
    private long _group;

    public SpoolWriter(SqliteSession session, SegmentStore content, PartitionCatalog catalog, LiveFeed live, WalKeeper wal, TimeProvider clock, long lastGroup, ILogger<SqliteSpool> logger)
    {
        (_session, _content, _live, _wal, _group, _logger) = (session, content, live, wal, lastGroup, logger);
        _transaction = new SpoolTransaction(session, catalog, clock);
        _thread = new Thread(Run) { Name = "spool writer", IsBackground = true };
    }

    public bool IsAvailable { get; private set; } = true;

    public SpoolTransaction Transaction => _transaction;

    public void Start() => _thread.Start();

    /// <summary>Gives a request to the writer.</summary>
    public void Post(WriteRequest request)
    {
        lock (_queue)
        {
            if (!_stopping)
            {
                _queue.Enqueue(request);
                Monitor.Pulse(_queue);
                return;
            }
        }

        request.Fail(new SpoolUnavailableException("The spool is closed."));
    }

    /// <summary>Writes what waits and ends.</summary>
    public void Dispose()
    {
        lock (_queue)
        {
            _stopping = true;
            Monitor.Pulse(_queue);
        }

        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        var group = new List<WriteRequest>(MaxGroup);
        while (Take(group))
        {
            if (group.Count == 0)
            {
                Probe();
                continue;
            }

            Write(group);
            if (_wal.WantsFinish)
            {
                _wal.Finish(_session);
            }
        }
    }

    /// <summary>Takes what waits. A group without requests asks for a probe: the store was away and nobody has come to find it back.</summary>
    private bool Take(List<WriteRequest> group)
    {
        group.Clear();
        lock (_queue)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                if (IsAvailable)
                {
                    Monitor.Wait(_queue);
                }
                else if (!Monitor.Wait(_queue, RetryAfterFault))
                {
                    return true;
                }
            }

            while (group.Count < MaxGroup && _queue.TryDequeue(out var request))
            {
                group.Add(request);
            }
        }

        return true;
    }

    private void Write(List<WriteRequest> group)
    {
        try
        {
            StoreContent(group);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Unavailable(group.Where(request => request.Content is not null), fault);
            group.RemoveAll(request => request.Content is not null);
            _drafts.Clear();
        }

        if (group.Count == 0)
        {
            return;
        }

        try
        {
            Commit(group);
        }
        catch (SqliteException fault) when (group.Count == 1 || IsStoreFault(fault))
        {
            RollBack();
            Unavailable(group, fault);
        }
        catch (SqliteException)
        {
            // One request of the group trips a bug; alone it harms nobody else.
            RollBack();
            WriteOneByOne(group);
        }
    }

    private void WriteOneByOne(List<WriteRequest> group)
    {
        foreach (var request in group)
        {
            try
            {
                Commit([request]);
            }
            catch (SqliteException fault)
            {
                RollBack();
                _logger.RequestFailed(request.GetType().Name, fault);
                request.Fail(fault);
            }
        }
    }

    /// <summary>Writes where mail would be written. Without it a server that is not ready gets no mail, and without mail it would never be ready again.</summary>
    private void Probe()
    {
        try
        {
            _content.Probe();
            _transaction.Begin(_group + 1);
            KeepPosition();
            _transaction.Commit();
            IsAvailable = true;
        }
        catch (SqliteException)
        {
            RollBack();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Still away; the log has said why.
        }
    }

    private void StoreContent(List<WriteRequest> group)
    {
        _drafts.Clear();
        _references.Clear();
        foreach (var request in group)
        {
            if (request.Content is { } content)
            {
                _drafts.Add(content);
            }
        }

        if (_drafts.Count == 0)
        {
            return;
        }

        _content.Append(_drafts, _references);
        var next = 0;
        foreach (var request in group)
        {
            if (request.Content is not null)
            {
                request.Reference = _references[next++];
            }
        }
    }

    private void Commit(List<WriteRequest> group)
    {
        _transaction.Begin(_group + 1);
        foreach (var request in group)
        {
            request.Apply(_transaction);
        }

        if (_drafts.Count > 0)
        {
            KeepPosition();
        }

        _transaction.Commit();
        _group++;

        // Outcomes live off a reserve that new mail may not touch: only content, or the probe, shows that there is room for mail.
        IsAvailable |= _drafts.Count > 0;
        EngineMetrics.Commits.Add(1);
        EngineMetrics.CommitSize.Record(group.Count);
        foreach (var request in group)
        {
            request.Complete();
        }

        if (_live.HasListeners && _transaction.Changes.Count > 0)
        {
            _live.Publish([.. _transaction.Changes]);
        }

        _wal.Committed(group.Count);
    }

    private void KeepPosition()
    {
        var position = _content.Position;
        _session.Prepare("UPDATE segment SET number=?,position=?").Bind(1, position.Segment).Bind(2, position.Offset).Run();
    }

    private void RollBack()
    {
        try
        {
            _transaction.Rollback();
        }
        catch (SqliteException fault)
        {
            _logger.RollbackFailed(fault);
        }
    }

    // Callers that can be told no are told at once; outcomes wait until the store is back.
    private void Unavailable(IEnumerable<WriteRequest> requests, Exception fault)
    {
        IsAvailable = false;
        _logger.StoreUnavailable(fault.Message);
        var waiting = false;
        foreach (var request in requests.ToList())
        {
            if (request.FailsFast)
            {
                request.Fail(new SpoolUnavailableException("The store takes nothing at the moment: " + fault.Message, fault));
                continue;
            }

            lock (_queue)
            {
                if (!_stopping)
                {
                    waiting = true;
                    _queue.Enqueue(request);
                    continue;
                }
            }

            // Waiting for room would keep the process from ending. The recipient is still due in the store.
            request.Fail(new SpoolUnavailableException("The spool closed before the store was back: " + fault.Message, fault));
        }

        if (waiting)
        {
            lock (_queue)
            {
                // New requests are tried at once; without any, the waiting ones are tried after a pause.
                Monitor.Wait(_queue, RetryAfterFault);
            }
        }
    }

    private static bool IsStoreFault(SqliteException fault) =>
        fault.SqliteErrorCode is SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_BUSY
            or SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_NOMEM or SQLitePCL.raw.SQLITE_CORRUPT;
}
