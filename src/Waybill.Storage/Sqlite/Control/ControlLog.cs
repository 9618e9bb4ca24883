using Microsoft.Extensions.Logging;

namespace Waybill.Storage.Sqlite.Control;

internal static partial class ControlLog
{
    [LoggerMessage(8101, LogLevel.Warning, "When an SMTP user was last used could not be written down")]
    public static partial void UseNotNoted(this ILogger logger, Exception fault);
}
