using Microsoft.Extensions.Logging;

namespace Waybill.Storage.Sqlite;

internal static partial class StorageLog
{
    [LoggerMessage(3001, LogLevel.Error, "The store takes nothing at the moment; mail is answered 451 until it does: {Reason}")]
    public static partial void StoreUnavailable(this ILogger logger, string reason);

    [LoggerMessage(3002, LogLevel.Error, "A {Request} could not be written")]
    public static partial void RequestFailed(this ILogger logger, string request, Exception fault);

    [LoggerMessage(3003, LogLevel.Error, "A group commit could not be undone")]
    public static partial void RollbackFailed(this ILogger logger, Exception fault);

    [LoggerMessage(3004, LogLevel.Warning, "A checkpoint failed and is tried again: {Reason}")]
    public static partial void CheckpointFailed(this ILogger logger, string reason);

    [LoggerMessage(3005, LogLevel.Error, "The search index fell behind and tries again: {Reason}")]
    public static partial void IndexingFailed(this ILogger logger, string reason);

    [LoggerMessage(3006, LogLevel.Information, "Retention removed {Partitions} partitions and {Days} days of content")]
    public static partial void Retained(this ILogger logger, int partitions, int days);
}
