using Microsoft.Extensions.Logging;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Delivering;

internal static partial class SchedulingLog
{
    [LoggerMessage(5101, LogLevel.Information, "Deferred {EmailId}: {Status}, due {Due:o}")]
    public static partial void Deferred(this ILogger logger, EmailId emailId, string status, DateTimeOffset due);

    [LoggerMessage(5102, LogLevel.Error, "A delivery to {NextHop} failed by a fault of this server; its mail stays in the spool and is tried again later")]
    public static partial void LaneFaulted(this ILogger logger, string nextHop, Exception fault);

    [LoggerMessage(5103, LogLevel.Warning, "{Count} deliveries were still running when the time for draining was over; their outcome is told as unknown at the next start")]
    public static partial void DrainTimedOut(this ILogger logger, int count);

    [LoggerMessage(5105, LogLevel.Error, "The store could not be read for what is due; it is asked again: {Reason}")]
    public static partial void StoreNotRead(this ILogger logger, string reason);

    [LoggerMessage(5104, LogLevel.Error, "A sent dot could not be noted: {Reason}")]
    public static partial void DotNotNoted(this ILogger logger, string reason);
}
