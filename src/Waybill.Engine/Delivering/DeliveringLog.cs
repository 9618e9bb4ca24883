using Microsoft.Extensions.Logging;

namespace Waybill.Engine.Delivering;

internal static partial class DeliveringLog
{
    [LoggerMessage(5201, LogLevel.Warning, "{NextHop} refuses this server at {Stage}: {Code}. Nothing is lost: its mail waits. Look at the transcript of an attempt")]
    public static partial void RefusedAtTheDoor(this ILogger logger, string nextHop, string stage, int code);

    [LoggerMessage(5202, LogLevel.Debug, "TLS with {Host} failed, going on in clear")]
    public static partial void FellBackToClear(this ILogger logger, string host);

    [LoggerMessage(5203, LogLevel.Error, "Content of {EmailId} could not be read for delivery")]
    public static partial void ContentUnreadable(this ILogger logger, string emailId, Exception fault);
}
