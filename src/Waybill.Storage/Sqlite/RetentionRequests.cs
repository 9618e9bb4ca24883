using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>Takes a partition out of the catalogue: from here on nobody finds it, and its tables can go one by one.</summary>
internal sealed class ForgetPartitionRequest(Partition partition, PartitionCatalog catalog, SqliteReaders readers) : WriteRequest<bool>
{
    protected override bool Result => true;

    public override void Apply(SpoolTransaction transaction) =>
        transaction.Session.Prepare("DELETE FROM partition WHERE name=?").Bind(1, partition.Name).Run();

    public override void Complete()
    {
        catalog.Remove(partition);
        readers.Dispose(); // Their statements name tables that are about to go.
        base.Complete();
    }
}

/// <summary>Drops one table. Each is a group of its own or shares one; accepting waits for one table at most.</summary>
internal sealed class DropTableRequest(string statement) : WriteRequest<bool>
{
    protected override bool Result => true;

    public override void Apply(SpoolTransaction transaction)
    {
        transaction.Session.ForgetStatements();
        transaction.Session.Execute(statement);
    }
}

/// <summary>Takes the oldest rows off the journal. The newest row always stays: it holds the number of the last group.</summary>
internal sealed class TrimRequest(long passed, DateTimeOffset before) : WriteRequest<int>
{
    /// <summary>Rows in one request: a few milliseconds of the writer.</summary>
    public const int Step = 500;

    private int _rows;

    protected override int Result => _rows;

    public override void Apply(SpoolTransaction transaction)
    {
        _rows = 0;
        var highest = 0L;
        var select = transaction.Session.Prepare(
            "SELECT seq FROM journal WHERE seq<=? AND at<? AND seq<(SELECT max(seq) FROM journal) ORDER BY seq LIMIT ?")
            .Bind(1, passed).Bind(2, StoredTime.From(before)).Bind(3, Step);
        while (select.Step())
        {
            _rows++;
            highest = select.Long(0);
        }

        select.Reset();
        if (_rows > 0)
        {
            transaction.Session.Prepare("DELETE FROM journal WHERE seq<=?").Bind(1, highest).Run();
            transaction.Session.Prepare("UPDATE journal_trimmed SET seq=?").Bind(1, highest).Run();
        }
    }
}
