using System.Net;
using Waybill.Engine.Accepting;
using Waybill.Mail.Addressing;

namespace Waybill.Engine.Listening;

/// <summary>A listener as it was configured, checked and ready to bind.</summary>
public sealed record SmtpListener(string Name, IPEndPoint Endpoint, ListenerTls Tls, SubmissionPolicy Policy, IReadOnlyList<IPNetwork> ProxyNetworks, bool Optional)
{
    /// <summary>Checks a listener's options.</summary>
    /// <exception cref="FormatException">A value is not valid; the message names its key and the way out.</exception>
    public static SmtpListener From(ListenerOptions options)
    {
        if (!IPEndPoint.TryParse(options.Endpoint, out var endpoint) || !options.Endpoint.Contains(':'))
        {
            throw new FormatException($"Listener '{options.Name}': '{options.Endpoint}' is not ADDR:PORT; write for example 0.0.0.0:2525 or [::]:2525.");
        }

        return new SmtpListener(
            options.Name,
            endpoint,
            options.Tls,
            new SubmissionPolicy
            {
                OffersStartTls = options.Tls == ListenerTls.StartTls,
                AllowsAuthInClear = options.AllowAuthInClear ?? IPAddress.IsLoopback(endpoint.Address),
                TrustedNetworks = [.. options.TrustedNetworks.Select(text => Network(text, options.Name, "TrustedNetworks"))],
                RelayDomains = [.. options.RelayDomains.Select(text => Domain(text, options.Name))],
            },
            [.. options.ProxyNetworks.Select(text => Network(text, options.Name, "ProxyNetworks"))],
            options.Optional);
    }

    private static IPNetwork Network(string text, string listener, string key) =>
        IPNetwork.TryParse(text, out var network)
            ? network
            : throw new FormatException($"Listener '{listener}', {key}: '{text}' is not a network; write for example 10.0.0.0/8 (host bits zero).");

    private static DomainName Domain(string text, string listener) =>
        DomainName.TryParse(text, out var domain)
            ? domain
            : throw new FormatException($"Listener '{listener}', RelayDomains: '{text}' is not a domain name.");
}
