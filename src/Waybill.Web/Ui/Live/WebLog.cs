using Microsoft.Extensions.Logging;

namespace Waybill.Web.Ui.Live;

internal static partial class WebLog
{
    [LoggerMessage(9101, LogLevel.Warning, "An open page could not be brought up to date")]
    public static partial void RefreshFailed(this ILogger logger, Exception fault);
}
