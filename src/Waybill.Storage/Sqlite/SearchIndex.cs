using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>
/// Finds recipients by addresses, ids and words. It follows the spool's journal from a thread and a database of its own,
/// so that nobody who waits for a 250 waits for an index; what it has not reached yet is looked at row by row.
/// </summary>
/// <remarks>Everything in it can be made again from the timeline, so a commit here is not synced.</remarks>
internal sealed class SearchIndex : IDisposable
{
    private const int JournalRowsPerPass = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly string _path;
    private readonly SqliteReaders _readers;
    private readonly PartitionCatalog _catalog;
    private readonly TimeProvider _clock;
    private readonly ILogger<SearchIndex> _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _write = new(1, 1);
    private readonly SqliteReaders _search;
    private readonly Task _following = Task.CompletedTask;
    private readonly HashSet<string> _made = [];
    private SqliteSession? _session;

    public SearchIndex(string path, SqliteReaders readers, PartitionCatalog catalog, TimeProvider clock, ILogger<SearchIndex> logger, bool follow)
    {
        (_path, _readers, _catalog, _clock, _logger) = (path, readers, catalog, clock, logger);
        _search = new SqliteReaders(path);
        if (follow)
        {
            _session = OpenWriter();
            _following = Task.Run(FollowAsync);
        }
    }

    /// <summary>Recipients of a partition whose message has all of the given tokens, newest first.</summary>
    /// <param name="question">An FTS5 expression over account, sender, recipient, subject and message_id.</param>
    /// <param name="below">Only ids below this one.</param>
    public List<RecipientId> Words(Partition partition, string question, long below, int limit) => Ask(
        $"SELECT rowid FROM words_{partition.Name} WHERE words_{partition.Name} MATCH ? AND rowid<? ORDER BY rowid DESC LIMIT ?",
        partition, question, below, limit);

    /// <summary>Recipients of a partition that got a reply with all of the given tokens, newest first.</summary>
    public List<RecipientId> Replies(Partition partition, string question, long below, int limit) => Ask(
        $"SELECT DISTINCT rid FROM reply_of_{partition.Name} WHERE docid IN (SELECT rowid FROM replies_{partition.Name} WHERE replies_{partition.Name} MATCH ? ORDER BY rowid DESC LIMIT 20000) AND rid<? ORDER BY rid DESC LIMIT ?",
        partition, question, below, limit);

    /// <summary>Recipients changed since the index's last pass; the caller checks them itself.</summary>
    public List<RecipientId> NotYetIndexed(int limit)
    {
        var done = Progress();
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

    /// <summary>Forgets a partition that retention drops.</summary>
    public async Task DropAsync(Partition partition, CancellationToken cancellationToken)
    {
        await _write.WaitAsync(cancellationToken);
        try
        {
            _search.Dispose();
            _session!.ForgetStatements();
            foreach (var table in new[] { "words", "replies", "reply_of" })
            {
                _session.Execute($"DROP TABLE IF EXISTS {table}_{partition.Name}");
            }

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

    private List<RecipientId> Ask(string sql, Partition partition, string question, long below, int limit)
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        return _search.Use(session =>
        {
            var found = new List<RecipientId>();
            if (!HasTables(session, partition))
            {
                return found;
            }

            var select = session.Prepare(sql).Bind(1, question).Bind(2, below).Bind(3, limit);
            while (select.Step())
            {
                found.Add(new RecipientId(select.Long(0)));
            }

            select.Reset();
            return found;
        });
    }

    private static bool HasTables(SqliteSession session, Partition partition)
    {
        var select = session.Prepare("SELECT 1 FROM sqlite_master WHERE name=?").Bind(1, "reply_of_" + partition.Name);
        var has = select.Step();
        select.Reset();
        return has;
    }

    private long Progress() => !File.Exists(_path)
        ? 0
        : _search.Use(session =>
        {
            var select = session.Prepare("SELECT seq FROM progress");
            var seq = select.Step() ? select.Long(0) : 0;
            select.Reset();
            return seq;
        });

    private SqliteSession OpenWriter()
    {
        var session = SqliteSession.OpenWriter(_path, "NORMAL");
        session.Execute("PRAGMA wal_autocheckpoint=2000");
        session.Execute("CREATE TABLE IF NOT EXISTS progress(one INTEGER PRIMARY KEY CHECK(one=1), seq INTEGER NOT NULL) STRICT");
        session.Execute("INSERT OR IGNORE INTO progress(one,seq) VALUES(1,0)");
        return session;
    }

    private async Task FollowAsync()
    {
        using var timer = new PeriodicTimer(Pause, _clock);
        while (!_stop.IsCancellationRequested)
        {
            var more = false;
            try
            {
                await _write.WaitAsync(_stop.Token);
                try
                {
                    more = Pass();
                }
                finally
                {
                    _write.Release();
                }
            }
            catch (SqliteException fault)
            {
                _logger.IndexingFailed(fault.Message);
                _session!.Dispose();
                _session = OpenWriter();
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                if (!more)
                {
                    await timer.WaitForNextTickAsync(_stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Takes the next rows of the journal into the index.</summary>
    /// <returns>Whether there may be more.</returns>
    private bool Pass()
    {
        var session = _session!;
        var select = session.Prepare("SELECT seq FROM progress");
        select.Step();
        var done = select.Long(0);
        select.Reset();
        var entries = new List<(RecipientId Recipient, EventKind Kind)>();
        var rows = _readers.Use(reader => ReadJournal(reader, entries, ref done));
        if (rows == 0)
        {
            return false;
        }

        session.Execute("BEGIN IMMEDIATE");
        _readers.Use(reader => new IndexPass(session, reader, _catalog, _made).Take(entries, done));
        session.Prepare("UPDATE progress SET seq=?").Bind(1, done).Run();
        session.Execute("COMMIT");
        return rows == JournalRowsPerPass;
    }

    private static int ReadJournal(SqliteSession reader, List<(RecipientId, EventKind)> entries, ref long done)
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
}

/// <summary>One pass of the index over some rows of the journal.</summary>
internal sealed class IndexPass(SqliteSession index, SqliteSession spool, PartitionCatalog catalog, HashSet<string> made)
{
    public void Take(List<(RecipientId Recipient, EventKind Kind)> entries, long sequence)
    {
        var replies = new HashSet<RecipientId>();
        var document = sequence << 20;
        foreach (var (recipient, kind) in entries)
        {
            if (catalog.Find(recipient.Value) is not { } partition)
            {
                continue;
            }

            if (made.Add(partition.Name))
            {
                MakeTables(partition);
            }

            if (kind is EventKind.Processed or EventKind.Rejected)
            {
                TakeMessage(partition, recipient);
            }

            if (kind is not (EventKind.Processed or EventKind.RetryRequested) && replies.Add(recipient))
            {
                TakeReplies(partition, recipient, ref document);
            }
        }
    }

    private void MakeTables(Partition partition)
    {
        const string options = "content='', columnsize=0, detail=column, tokenize=\"ascii tokenchars '!#$%&''*+-./:=?@^_`{|}~,;<>()[]\\'\"";
        index.Execute($"CREATE VIRTUAL TABLE IF NOT EXISTS words_{partition.Name} USING fts5(account, sender, recipient, subject, message_id, {options})");
        index.Execute($"CREATE VIRTUAL TABLE IF NOT EXISTS replies_{partition.Name} USING fts5(reply, {options})");
        index.Execute($"CREATE TABLE IF NOT EXISTS reply_of_{partition.Name}(docid INTEGER PRIMARY KEY, rid INTEGER NOT NULL) STRICT");
    }

    private void TakeMessage(Partition partition, RecipientId recipient)
    {
        var select = spool.Prepare($"SELECT r.account_id,m.reverse_path,m.header_from,r.address,m.subject,m.message_id FROM {partition.RowTables} WHERE r.rid=?").Bind(1, recipient.Value);
        if (select.Step())
        {
            index.Prepare($"INSERT INTO words_{partition.Name}(rowid,account,sender,recipient,subject,message_id) VALUES(?,?,?,?,?,?)")
                .Bind(1, recipient.Value)
                .Bind(2, "a" + select.Text(0))
                .Bind(3, SearchTokens.Address(select.Text(1)) + " " + SearchTokens.FromField(select.Text(2)))
                .Bind(4, SearchTokens.Address(select.Text(3)))
                .Bind(5, string.Join(' ', SearchTokens.Words(select.Text(4))))
                .Bind(6, SearchTokens.Whole(select.Text(5)))
                .Run();
        }

        select.Reset();
    }

    // The last events of the recipient together: those that an earlier pass has seen are found twice, which does no harm.
    private void TakeReplies(Partition partition, RecipientId recipient, ref long document)
    {
        var select = spool.Prepare($"SELECT info FROM event_{partition.Name} WHERE rid=? ORDER BY seq DESC LIMIT 8").Bind(1, recipient.Value);
        var text = new StringBuilder();
        while (select.Step())
        {
            text.AppendJoin(' ', SearchTokens.Reply(select.Text(0))).Append(' ');
        }

        select.Reset();
        document++;
        index.Prepare($"INSERT INTO replies_{partition.Name}(rowid,reply) VALUES(?,?)").Bind(1, document).Bind(2, text.ToString()).Run();
        index.Prepare($"INSERT INTO reply_of_{partition.Name}(docid,rid) VALUES(?,?)").Bind(1, document).Bind(2, recipient.Value).Run();
    }
}
