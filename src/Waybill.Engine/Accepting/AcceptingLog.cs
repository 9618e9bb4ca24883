using Microsoft.Extensions.Logging;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Accepting;

internal static partial class AcceptingLog
{
    [LoggerMessage(2001, LogLevel.Warning, "Refusal {EmailId} could not be kept as an event")]
    public static partial void RefusalNotKept(this ILogger logger, EmailId emailId, Exception fault);

    [LoggerMessage(2002, LogLevel.Error, "A submission session failed")]
    public static partial void SessionFaulted(this ILogger logger, Exception fault);

    [LoggerMessage(2003, LogLevel.Warning, "Message {EmailId} was not stored: {Reason}")]
    public static partial void NotStored(this ILogger logger, EmailId emailId, string reason);

    [LoggerMessage(2004, LogLevel.Debug, "TLS handshake with a client failed: {Reason}")]
    public static partial void HandshakeFailed(this ILogger logger, string reason);
}
