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

    [LoggerMessage(3007, LogLevel.Error, "A listener of the live feed failed")]
    public static partial void ListenerFailed(this ILogger logger, Exception fault);

    [LoggerMessage(3008, LogLevel.Warning, "The search index is made again from the timeline: {Reason}. Older mail is found by its words when it has been reached")]
    public static partial void RebuildingIndex(this ILogger logger, string reason);

    [LoggerMessage(3009, LogLevel.Information, "The search index is complete again")]
    public static partial void IndexRebuilt(this ILogger logger);

    [LoggerMessage(3010, LogLevel.Error, "Retention failed and is tried again in an hour")]
    public static partial void RetentionFailed(this ILogger logger, Exception fault);
}
