using Waybill.Engine.Listening;

namespace Waybill.Server;

/// <summary>Which listeners the options and the configuration ask for.</summary>
internal static class Listeners
{
    /// <exception cref="ConfigurationFault">An address or a network is not valid.</exception>
    public static IReadOnlyList<SmtpListener> Of(PlatformOptions options, ListeningOptions configured)
    {
        var asked = new List<ListenerOptions>();
        if (options.Smtp is null && options.Smtps is null && configured.Listeners.Count == 0)
        {
            asked.Add(new ListenerOptions { Name = "smtp", Endpoint = "0.0.0.0:2525" });
            asked.Add(new ListenerOptions { Name = "submission", Endpoint = "0.0.0.0:587", Optional = true });
            asked.Add(new ListenerOptions { Name = "smtps", Endpoint = "0.0.0.0:465", Tls = ListenerTls.Implicit, Optional = true });
        }
        else if (options.Smtp is null && options.Smtps is null)
        {
            asked.AddRange(configured.Listeners);
        }

        Add(asked, options.Smtp, "smtp", ListenerTls.StartTls);
        Add(asked, options.Smtps, "smtps", ListenerTls.Implicit);
        if (options.SmtpTrusted is { } trusted)
        {
            var listener = new ListenerOptions { Name = "smtp-trusted", Endpoint = trusted };
            listener.TrustedNetworks.Add("127.0.0.0/8");
            listener.TrustedNetworks.Add("::1/128");
            asked.Add(listener);
        }

        try
        {
            return [.. asked.Select(SmtpListener.From)];
        }
        catch (FormatException fault)
        {
            throw new ConfigurationFault($"{ListeningOptions.Section}: {fault.Message}");
        }
    }

    private static void Add(List<ListenerOptions> asked, string? endpoint, string name, ListenerTls tls)
    {
        if (endpoint is not null)
        {
            asked.Add(new ListenerOptions { Name = name, Endpoint = endpoint, Tls = tls });
        }
    }
}
