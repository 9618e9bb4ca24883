namespace Waybill.Storage.Sqlite;

/// <summary>Sizes that decide how the store cuts its work. Not for operators: a test lowers them.</summary>
internal sealed record StoreLimits
{
    /// <summary>Recipients of a partition before a busy day gets another: each tree, and each drop by retention, stays small.</summary>
    public long RecipientsPerPartition { get; init; } = 500_000;
}
