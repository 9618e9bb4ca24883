using System.Net;

namespace Waybill.Server;

/// <summary>What the options of <c>serve</c> and <c>demo</c> say; null where the configuration decides.</summary>
internal sealed record PlatformOptions
{
    public required string DataDirectory { get; init; }

    public string? Http { get; init; }

    public string? Smtp { get; init; }

    public string? Smtps { get; init; }

    public string? SmtpTrusted { get; init; }

    public string? SmartHost { get; init; }

    public string? Resolver { get; init; }

    /// <summary>Configuration of the verb itself; it stands above the files and below the options.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>The options as configuration keys.</summary>
    public IEnumerable<KeyValuePair<string, string?>> AsConfiguration()
    {
        foreach (var setting in Settings)
        {
            yield return setting;
        }

        if (SmartHost is not null)
        {
            yield return new("Waybill:Routing:SmartHost", SmartHost);
        }

        if (Resolver is not null)
        {
            yield return new("Waybill:Routing:Resolvers:0", Resolver);
        }
    }

    /// <summary>Reads an ADDR:PORT.</summary>
    /// <exception cref="ConfigurationFault">It is none; the message says what to write.</exception>
    public static IPEndPoint Endpoint(string key, string text) =>
        text.Contains(':') && IPEndPoint.TryParse(text, out var endpoint)
            ? endpoint
            : throw new ConfigurationFault($"{key}: '{text}' is not ADDR:PORT. Write for example 127.0.0.1:8080.");
}

/// <summary>The configuration is not valid; the message names the key and the way out.</summary>
internal sealed class ConfigurationFault(string message) : Exception(message);
