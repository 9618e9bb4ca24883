using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>Knows which partition an id belongs to. The writer adds and removes; readers take a snapshot.</summary>
internal sealed class PartitionCatalog
{
    // Ordered by first id. Replaced whole, so a reader needs no lock.
    private volatile Partition[] _partitions = [];

    /// <summary>All partitions, oldest first.</summary>
    public IReadOnlyList<Partition> All => _partitions;

    public void Add(Partition partition) =>
        _partitions = [.. _partitions.Append(partition).OrderBy(one => one.FirstId.Value)];

    public void Remove(Partition partition) => _partitions = [.. _partitions.Where(one => one != partition)];

    /// <summary>The partition of an id; null when none is old enough.</summary>
    public Partition? Find(long id)
    {
        var partitions = _partitions;
        var (low, high) = (0, partitions.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (partitions[middle].FirstId.Value <= id)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high < 0 ? null : partitions[high];
    }

    /// <summary>Reads the catalogue from the database.</summary>
    public void Load(SqliteSession session)
    {
        var known = _partitions.ToDictionary(one => one.Name, StringComparer.Ordinal);
        var partitions = new List<Partition>();
        var select = session.Prepare("SELECT name,first_id FROM partition ORDER BY first_id");
        while (select.Step())
        {
            var name = select.Text(0);
            partitions.Add(known.GetValueOrDefault(name) ?? new Partition(name, new EmailId(select.Long(1))));
        }

        select.Reset();
        _partitions = [.. partitions];
    }
}
