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
    private readonly SqliteSession _session;
    private readonly SegmentStore _content;
    private readonly SpoolTransaction _transaction;
    private readonly LiveFeed _live;
    private readonly WalKeeper _wal;
    private readonly TimeProvider _clock;
    private readonly ILogger<SqliteSpool> _logger;
    private readonly Thread _thread;
    private readonly WriteQueue _queue = new();
    private readonly List<(EmailId, FileDraft)> _drafts = [];
    private readonly List<ContentReference> _references = [];
    private SegmentPosition _savedPosition;
    private volatile bool _contentFails;
    private volatile bool _databaseFails;
    private long _group;

    public SpoolWriter(SqliteSession session, SegmentStore content, SpoolTransaction transaction, LiveFeed live, WalKeeper wal, TimeProvider clock, long lastGroup, ILogger<SqliteSpool> logger)
    {
        (_session, _content, _transaction, _live, _wal, _clock, _group, _logger) = (session, content, transaction, live, wal, clock, lastGroup, logger);
        _savedPosition = content.Position;
        _thread = new Thread(Run) { Name = "spool writer", IsBackground = true };
    }

    public bool IsAvailable => !_contentFails && !_databaseFails;

    public void Start() => _thread.Start();

    /// <summary>Gives a request to the writer.</summary>
    public void Post(WriteRequest request)
    {
        if (!_queue.TryAdd(request))
        {
            request.Fail(new SpoolUnavailableException("The spool is closed."));
        }
    }

    /// <summary>Writes what waits and ends.</summary>
    public void Dispose()
    {
        _queue.Close();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        var group = new List<WriteRequest>(WriteQueue.MaxGroup);
        while (_queue.Take(group, isFailing: !IsAvailable))
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

    private void Write(List<WriteRequest> group)
    {
        StoreContent(group);
        if (group.Count == 0)
        {
            return;
        }

        try
        {
            Commit(group);
        }
        catch (SqliteException fault) when (IsStoreFault(fault))
        {
            RollBack();
            _databaseFails = true;
            Unavailable(group, fault);
            return;
        }
        catch (Exception fault)
        {
            // One request of the group trips a bug; alone it harms nobody else.
            RollBack();
            if (group.Count == 1)
            {
                Refuse(group[0], fault);
            }
            else
            {
                WriteOneByOne(group);
            }

            return;
        }

        Complete(group);
    }

    private void WriteOneByOne(List<WriteRequest> group)
    {
        for (var i = 0; i < group.Count; i++)
        {
            List<WriteRequest> alone = [group[i]];
            try
            {
                Commit(alone);
            }
            catch (SqliteException fault) when (IsStoreFault(fault))
            {
                RollBack();
                _databaseFails = true;
                Unavailable(group[i..], fault);
                return;
            }
            catch (Exception fault)
            {
                RollBack();
                Refuse(group[i], fault);
                continue;
            }

            Complete(alone);
        }
    }

    private void Refuse(WriteRequest request, Exception fault)
    {
        _logger.RequestFailed(request.GetType().Name, fault);
        request.Fail(fault);
    }

    /// <summary>Makes the group's content durable; takes those out of the group whose content could not be.</summary>
    private void StoreContent(List<WriteRequest> group)
    {
        try
        {
            Append(group);
        }
        catch (Exception fault) when (IsFileFault(fault))
        {
            ContentFailed(group, fault);
        }
        catch (Exception)
        {
            // One draft trips a bug; alone it harms nobody else.
            for (var i = group.Count - 1; i >= 0; i--)
            {
                try
                {
                    Append([group[i]]);
                }
                catch (Exception fault) when (IsFileFault(fault))
                {
                    ContentFailed(group, fault);
                    return;
                }
                catch (Exception fault)
                {
                    Refuse(group[i], fault);
                    group.RemoveAt(i);
                }
            }
        }
    }

    private void ContentFailed(List<WriteRequest> group, Exception fault)
    {
        _contentFails = true;
        Unavailable(group.Where(request => request.Content is not null), fault);
        group.RemoveAll(request => request.Content is not null);
    }

    private void Append(List<WriteRequest> group)
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
        _contentFails = false;
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

        var position = _content.Position;
        if (position != _savedPosition)
        {
            _session.Prepare("UPDATE segment SET number=?,position=?").Bind(1, position.Segment).Bind(2, position.Offset).Run();
        }

        _transaction.Commit();
        _savedPosition = position;
    }

    // The group is durable: nothing in here may undo it.
    private void Complete(List<WriteRequest> group)
    {
        _group++;
        _databaseFails = false;
        _queue.RetryNow();
        EngineMetrics.Commits.Add(1);
        EngineMetrics.CommitSize.Record(group.Count);
        foreach (var request in group)
        {
            request.Complete();
        }

        if (_live.HasListeners && _transaction.Changes.Count > 0)
        {
            try
            {
                _live.Publish([.. _transaction.Changes]);
            }
            catch (Exception fault)
            {
                _logger.ListenerFailed(fault);
            }
        }

        _wal.Committed(group.Count);
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
        _logger.StoreUnavailable(fault.Message);
        var waiting = new List<WriteRequest>();
        foreach (var request in requests)
        {
            if (request.FailsFast)
            {
                Tell(request, fault);
            }
            else
            {
                waiting.Add(request);
            }
        }

        if (waiting.Count > 0 && !_queue.TryPutOff(waiting))
        {
            waiting.ForEach(request => Tell(request, fault));
        }
    }

    private static void Tell(WriteRequest request, Exception fault) =>
        request.Fail(new SpoolUnavailableException("The store takes nothing at the moment: " + fault.Message, fault));

    /// <summary>Sees whether a failing store works again, when nobody asks it for anything: a server that is not ready is sent nothing.</summary>
    private void Probe()
    {
        try
        {
            _content.Probe(_clock.GetUtcNow());
            _contentFails = false;
            _transaction.Begin(_group + 1);
            _session.Execute("UPDATE segment SET number=number");
            _transaction.Commit();
            _databaseFails = false;
        }
        catch (Exception fault) when (fault is SqliteException || IsFileFault(fault))
        {
            RollBack();
        }
    }

    private static bool IsFileFault(Exception fault) => fault is IOException or UnauthorizedAccessException;

    private static bool IsStoreFault(SqliteException fault) =>
        (fault.SqliteErrorCode & 0xff) is SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_BUSY
            or SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_NOMEM or SQLitePCL.raw.SQLITE_CORRUPT;
}
