namespace Waybill.Server;

/// <summary>Structured logs on standard error; standard output belongs to the verbs.</summary>
internal static partial class Logs
{
    public static void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        logging.AddConfiguration(configuration.GetSection("Logging"));
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);

        // A start that fails is told by the verb in a sentence; the host's own word would be a page of stack in front of it.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (string.Equals(configuration["Waybill:Logs"], "json", StringComparison.OrdinalIgnoreCase))
        {
            logging.AddJsonConsole();
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.UseUtcTimestamp = true;
            });
        }
    }

    [LoggerMessage(9001, LogLevel.Warning, "Not listening on {Endpoint}: this process may not bind that port. Grant it CAP_NET_BIND_SERVICE, or name your own ports with --smtp or Waybill:Listening:Listeners")]
    public static partial void ListenerSkipped(this ILogger logger, string endpoint);
}
