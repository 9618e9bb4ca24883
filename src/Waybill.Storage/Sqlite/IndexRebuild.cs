using Microsoft.Extensions.Logging;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>Makes the search index again from the timeline, newest mail first, a few thousand recipients at a time; a restart goes on where it was.</summary>
internal sealed class IndexRebuild(SqliteSession index, SqliteReaders readers, PartitionCatalog catalog, HashSet<string> made, ILogger logger)
{
    private const int RecipientsPerStep = 2_000;

    /// <summary>Where it stands: recipients at or above <c>below</c> are done; the journal counts from <c>upto</c> on.</summary>
    public const string Table = "CREATE TABLE IF NOT EXISTS rebuild(one INTEGER PRIMARY KEY CHECK(one=1), upto INTEGER NOT NULL, below INTEGER NOT NULL) STRICT";

    /// <summary>Whether the journal no longer reaches back to what the index has seen.</summary>
    /// <param name="done">The last row of the journal that was taken in.</param>
    public bool IsNeeded(long done)
    {
        if (Read() is not null)
        {
            return true;
        }

        var (trimmed, newest) = readers.Use(session => (
            Number(session, "SELECT seq FROM journal_trimmed"), Number(session, "SELECT coalesce(max(seq),0) FROM journal")));
        if (done >= trimmed && done <= newest)
        {
            return false;
        }

        // Beyond the newest: the index belongs to another past of this directory, as after a restored backup.
        logger.RebuildingIndex(done < trimmed ? "it ends before the journal begins" : "it is ahead of the journal");
        Begin(newest);
        return true;
    }

    /// <summary>Takes in the next recipients.</summary>
    /// <returns>Always true: the journal may hold more.</returns>
    public bool Step()
    {
        var (upto, below) = Read()!.Value;
        var (partition, batch) = Next(below);
        index.Execute("BEGIN IMMEDIATE");
        if (partition is null)
        {
            index.Prepare("UPDATE progress SET seq=?").Bind(1, upto).Run();
            index.Execute("DELETE FROM rebuild");
            logger.IndexRebuilt();
        }
        else
        {
            batch.Reverse();
            readers.Use(reader => new IndexPass(index, reader, catalog, made).TakeWhole(partition, batch));
            index.Prepare("UPDATE rebuild SET below=?").Bind(1, batch[0].Value).Run();
        }

        index.Execute("COMMIT");
        return true;
    }

    private void Begin(long upto)
    {
        var tables = new List<string>();
        var select = index.Prepare("SELECT name FROM sqlite_master WHERE name LIKE 'mail\\_%' ESCAPE '\\' AND sql LIKE 'CREATE VIRTUAL%'");
        while (select.Step())
        {
            tables.Add(select.Text(0));
        }

        index.ForgetStatements();
        made.Clear();
        index.Execute("BEGIN IMMEDIATE");
        tables.ForEach(table => index.Execute($"DROP TABLE {table}"));
        index.Prepare("INSERT INTO rebuild(one,upto,below) VALUES(1,?,?)").Bind(1, upto).Bind(2, long.MaxValue).Run();
        index.Prepare("UPDATE progress SET seq=?").Bind(1, upto).Run();
        index.Execute("COMMIT");
    }

    /// <summary>The newest recipients below an id, all of one partition, newest first.</summary>
    private (Partition?, List<RecipientId>) Next(long below)
    {
        for (var i = catalog.All.Count - 1; i >= 0; i--)
        {
            var partition = catalog.All[i];
            if (partition.FirstId.Value >= below)
            {
                continue;
            }

            var batch = readers.Use(session =>
            {
                var found = new List<RecipientId>(RecipientsPerStep);
                var select = session.Prepare($"SELECT rid FROM recipient_{partition.Name} WHERE rid<? ORDER BY rid DESC LIMIT {RecipientsPerStep}").Bind(1, below);
                while (select.Step())
                {
                    found.Add(new RecipientId(select.Long(0)));
                }

                select.Reset();
                return found;
            });
            if (batch.Count > 0)
            {
                return (partition, batch);
            }
        }

        return (null, []);
    }

    private (long UpTo, long Below)? Read()
    {
        var select = index.Prepare("SELECT upto,below FROM rebuild");
        var row = select.Step() ? (select.Long(0), select.Long(1)) : ((long, long)?)null;
        select.Reset();
        return row;
    }

    private static long Number(SqliteSession session, string sql)
    {
        var select = session.Prepare(sql);
        var number = select.Step() ? select.Long(0) : 0;
        select.Reset();
        return number;
    }
}
