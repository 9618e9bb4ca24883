using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>
/// Finds recipients by addresses, ids and words. It follows the spool's journal from a thread and a database of its own,
/// so that nobody who waits for a 250 waits for an index; what it has not reached yet is looked at row by row.
/// </summary>
/// <remarks>Everything in it can be made again from the timeline, so a commit here is not synced; when it is lost or behind the journal, it is.</remarks>
internal sealed class SearchIndex : IDisposable
{
    /// <summary>Grows when the form of the tables changes: an index of another form is made again.</summary>
    private const int Form = 2;

    private const int JournalRowsPerPass = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TrimEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan JournalKept = TimeSpan.FromHours(1);

    private readonly string _path;
    private readonly SqliteReaders _readers;
    private readonly PartitionCatalog _catalog;
    private readonly TimeProvider _clock;
    private readonly ILogger<SearchIndex> _logger;
    private readonly SqliteSpool? _spool;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _write = new(1, 1);
    private readonly Task _following = Task.CompletedTask;
    private readonly HashSet<string> _made = [];
    private SqliteReaders _search;
    private SqliteSession? _session;
    private DateTimeOffset _trimmedAt = DateTimeOffset.MinValue;

    /// <param name="spool">The spool whose journal it follows; null to ask an index that another process keeps.</param>
    public SearchIndex(string path, SqliteReaders readers, PartitionCatalog catalog, TimeProvider clock, ILogger<SearchIndex> logger, SqliteSpool? spool)
    {
        (_path, _readers, _catalog, _clock, _logger, _spool) = (path, readers, catalog, clock, logger, spool);
        _search = new SqliteReaders(path);
        if (spool is not null)
        {
            _session = OpenWriter();
            _following = Task.Run(FollowAsync);
        }
    }

    /// <summary>Recipients of a partition that have all of the given tokens, newest first.</summary>
    /// <param name="question">An FTS5 expression over the columns that <see cref="IndexPass"/> fills.</param>
    /// <param name="below">Only ids below this one.</param>
    public List<RecipientId> Find(Partition partition, string question, long below, int limit)
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        return _search.Use(session =>
        {
            var found = new List<RecipientId>();
            if (!Exists(session, "mail_" + partition.Name))
            {
                return found;
            }

            var select = session.Prepare($"SELECT rowid FROM mail_{partition.Name} WHERE mail_{partition.Name} MATCH ? AND rowid<? ORDER BY rowid DESC LIMIT ?")
                .Bind(1, question).Bind(2, below).Bind(3, limit);
            while (select.Step())
            {
                found.Add(new RecipientId(select.Long(0)));
            }

            select.Reset();
            return found;
        });
    }

    /// <summary>Recipients changed since the index's last pass; the caller checks them itself.</summary>
    public List<RecipientId> NotYetIndexed(int limit)
    {
        var done = !File.Exists(_path) ? 0 : _search.Use(session => Exists(session, "progress") ? Number(session, "SELECT seq FROM progress") : 0);
        return _readers.Use(session =>
        {
            var found = new HashSet<RecipientId>();
            var select = session.Prepare("SELECT changes FROM journal WHERE seq>? ORDER BY seq DESC").Bind(1, done);
            while (found.Count < limit && select.Step())
            {
                foreach (var (recipient, _) in SpoolTransaction.ReadJournal(select.Blob(0)))
                {
                    found.Add(recipient);
                }
            }

            select.Reset();
            return found.ToList();
        });
    }

    /// <summary>Takes in everything that is committed by now, instead of waiting for the next pass.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await _write.WaitAsync(cancellationToken);
        try
        {
            while (Pass())
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            _write.Release();
        }
    }

    /// <summary>Forgets a partition that retention drops.</summary>
    public async Task DropAsync(Partition partition, CancellationToken cancellationToken)
    {
        await _write.WaitAsync(cancellationToken);
        try
        {
            _search.Dispose();
            _session!.ForgetStatements();
            _session.Execute($"DROP TABLE IF EXISTS mail_{partition.Name}");
            _made.Remove(partition.Name);
        }
        finally
        {
            _write.Release();
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _following.GetAwaiter().GetResult();
        _search.Dispose();
        _session?.Dispose();
        _stop.Dispose();
        _write.Dispose();
    }

    private async Task FollowAsync()
    {
        using var timer = new PeriodicTimer(Pause, _clock);
        try
        {
            while (true)
            {
                if (!await TryPassAsync())
                {
                    await TrimAsync();
                    await timer.WaitForNextTickAsync(_stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The store closes.
        }
    }

    /// <returns>Whether there may be more to take in at once.</returns>
    private async Task<bool> TryPassAsync()
    {
        await _write.WaitAsync(_stop.Token);
        try
        {
            return Pass();
        }
        catch (Exception fault) when (fault is SqliteException or IOException)
        {
            _logger.IndexingFailed(fault.Message);
            Reopen();
            return false;
        }
        finally
        {
            _write.Release();
        }
    }

    /// <summary>Takes the next rows of the journal into the index, or the next rows of the timeline while it is being made again.</summary>
    /// <returns>Whether there may be more.</returns>
    private bool Pass()
    {
        if (_session is null)
        {
            return Reopen();
        }

        var done = Number(_session, "SELECT seq FROM progress");
        var rebuild = new IndexRebuild(_session, _readers, _catalog, _made, _logger);
        if (rebuild.IsNeeded(done))
        {
            return rebuild.Step();
        }

        var entries = new List<RecipientChange>();
        var rows = _readers.Use(reader => ReadJournal(reader, entries, ref done));
        if (rows == 0)
        {
            return false;
        }

        _session.Execute("BEGIN IMMEDIATE");
        _readers.Use(reader => new IndexPass(_session, reader, _catalog, _made).Take(entries));
        _session.Prepare("UPDATE progress SET seq=?").Bind(1, done).Run();
        _session.Execute("COMMIT");
        return rows == JournalRowsPerPass;
    }

    private static int ReadJournal(SqliteSession reader, List<RecipientChange> entries, ref long done)
    {
        var rows = 0;
        var journal = reader.Prepare("SELECT seq,changes FROM journal WHERE seq>? ORDER BY seq LIMIT ?").Bind(1, done).Bind(2, JournalRowsPerPass);
        while (journal.Step())
        {
            rows++;
            done = journal.Long(0);
            entries.AddRange(SpoolTransaction.ReadJournal(journal.Blob(1)));
        }

        journal.Reset();
        return rows;
    }

    private async Task TrimAsync()
    {
        var now = _clock.GetUtcNow();
        if (_session is null || now < _trimmedAt + TrimEvery)
        {
            return;
        }

        _trimmedAt = now;
        try
        {
            await _write.WaitAsync(_stop.Token);
            long passed;
            try
            {
                passed = Number(_session, "SELECT seq FROM progress");
            }
            finally
            {
                _write.Release();
            }

            while (!_stop.IsCancellationRequested && await _spool!.TrimJournalAsync(passed, now - JournalKept))
            {
                // The next few rows.
            }
        }
        catch (Exception fault) when (fault is IOException or SqliteException)
        {
            _logger.IndexingFailed(fault.Message); // The store fails or closes; the journal is a little longer.
        }
    }

    /// <returns>Whether it is open again.</returns>
    private bool Reopen()
    {
        _made.Clear();
        _session?.Dispose();
        _session = null;
        try
        {
            _session = OpenWriter();
            return true;
        }
        catch (Exception fault) when (fault is SqliteException or IOException)
        {
            _logger.IndexingFailed(fault.Message); // Tried again with the next pass.
            return false;
        }
    }

    private SqliteSession OpenWriter()
    {
        try
        {
            return OpenSound();
        }
        catch (SqliteException fault) when ((fault.SqliteErrorCode & 0xff) is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_SCHEMA)
        {
            _logger.RebuildingIndex(fault.Message);
            var stale = _search;
            _search = new SqliteReaders(_path);
            stale.Dispose();
            foreach (var file in new[] { _path, _path + "-wal", _path + "-shm" })
            {
                File.Delete(file);
            }

            return OpenSound();
        }
    }

    private SqliteSession OpenSound()
    {
        var session = SqliteSession.OpenWriter(_path, "NORMAL");
        try
        {
            session.Execute("PRAGMA wal_autocheckpoint=2000");
            var form = Number(session, "PRAGMA user_version");
            if (form != Form && Exists(session, "progress"))
            {
                throw new SqliteException($"it has form {form}, not {Form}", SQLitePCL.raw.SQLITE_SCHEMA);
            }

            session.Execute($"PRAGMA user_version={Form}");
            session.Execute("CREATE TABLE IF NOT EXISTS progress(one INTEGER PRIMARY KEY CHECK(one=1), seq INTEGER NOT NULL) STRICT");
            session.Execute("INSERT OR IGNORE INTO progress(one,seq) VALUES(1,0)");
            session.Execute(IndexRebuild.Table);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static bool Exists(SqliteSession session, string table)
    {
        var select = session.Prepare("SELECT 1 FROM sqlite_master WHERE name=?").Bind(1, table);
        var has = select.Step();
        select.Reset();
        return has;
    }

    private static long Number(SqliteSession session, string sql)
    {
        var select = session.Prepare(sql);
        var number = select.Step() ? select.Long(0) : 0;
        select.Reset();
        return number;
    }
}
