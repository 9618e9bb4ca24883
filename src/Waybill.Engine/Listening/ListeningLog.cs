using Microsoft.Extensions.Logging;

namespace Waybill.Engine.Listening;

internal static partial class ListeningLog
{
    [LoggerMessage(1001, LogLevel.Information, "Certificate read from {Path}, valid until {NotAfter:o}")]
    public static partial void CertificateLoaded(this ILogger logger, string path, DateTime notAfter);

    [LoggerMessage(1002, LogLevel.Error, "Certificate {Path} has changed but cannot be read; the one before stays in use: {Reason}")]
    public static partial void CertificateNotReloaded(this ILogger logger, string path, string reason);

    [LoggerMessage(1003, LogLevel.Information, "A self-signed certificate was made: {Path}. Set Waybill:Listening:CertificatePath for a real one")]
    public static partial void CertificateMade(this ILogger logger, string path);

    [LoggerMessage(1004, LogLevel.Debug, "A client's TLS handshake failed: {Reason}")]
    public static partial void HandshakeFailed(this ILogger logger, string reason);

    [LoggerMessage(1005, LogLevel.Error, "A connection failed")]
    public static partial void ConnectionFaulted(this ILogger logger, Exception fault);

    [LoggerMessage(1006, LogLevel.Warning, "A connection on {Listener} had no valid PROXY header or came from outside ProxyNetworks; closed")]
    public static partial void BadProxyHeader(this ILogger logger, string listener);

    [LoggerMessage(1007, LogLevel.Warning, "Not listening on {Endpoint}: the port needs a permission this process lacks. Grant CAP_NET_BIND_SERVICE, or configure Waybill:Listening:Listeners")]
    public static partial void ListenerSkipped(this ILogger logger, string endpoint);
}
