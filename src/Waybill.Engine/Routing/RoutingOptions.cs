using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Routing;

/// <summary>Which of a host's addresses are used, and in which order.</summary>
public enum AddressPreference
{
    /// <summary>IPv4 first. Receivers judge IPv6 sources more strictly, so a network that has both is better known by IPv4.</summary>
    IPv4First,
    IPv6First,
    IPv4Only,
    IPv6Only,
}

/// <summary>How the next hop of a message is found.</summary>
public sealed class RoutingOptions : IValidatableObject
{
    /// <summary>DNS servers as <c>ADDRESS</c> or <c>ADDRESS:PORT</c>. Empty: those of the system.</summary>
    public string[] Resolvers { get; set; } = [];

    /// <summary>Wait for one answer of one DNS server. Default 3 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan DnsTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often a DNS question is asked again. Default 2.</summary>
    [Range(0, 10)]
    public int DnsRetries { get; set; } = 2;

    /// <summary><c>HOST:PORT</c> that takes the mail of every domain; null: each domain's own exchangers.</summary>
    public string? SmartHost { get; set; }

    /// <summary>The port of mail exchangers. Anything but 25 is for trials (RFC 5321 §4.5.4.2).</summary>
    [Range(1, 65535)]
    public int SmtpPort { get; set; } = 25;

    public AddressPreference Addresses { get; set; } = AddressPreference.IPv4First;

    /// <summary>Host names that are this server: an exchanger so named ends the list (RFC 5321 §5.1).</summary>
    public string[] OwnNames { get; set; } = [];

    /// <summary><c>ADDRESS:PORT</c> this server listens on; an exchanger found there is this server too. 0.0.0.0 and [::] stand for every loopback address.</summary>
    public string[] OwnEndpoints { get; set; } = [];

    /// <summary>Routes and addresses kept. Default 100,000, a few hundred octets each.</summary>
    [Range(16, 10_000_000)]
    public int MaxCachedNames { get; set; } = 100_000;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var text in Resolvers)
        {
            if (!IPEndPoint.TryParse(text, out _))
            {
                yield return new ValidationResult($"'{text}' is no ADDRESS:PORT. Write for example 127.0.0.1:53.", [nameof(Resolvers)]);
            }
        }

        foreach (var text in OwnEndpoints)
        {
            if (!IPEndPoint.TryParse(text, out _))
            {
                yield return new ValidationResult($"'{text}' is no ADDRESS:PORT. Write for example 0.0.0.0:25.", [nameof(OwnEndpoints)]);
            }
        }

        if (!string.IsNullOrEmpty(SmartHost) && !HostPort.TryParse(SmartHost, out _))
        {
            yield return new ValidationResult($"'{SmartHost}' is no HOST:PORT. Write for example relay.example.com:587.", [nameof(SmartHost)]);
        }
    }
}

[OptionsValidator]
public sealed partial class RoutingOptionsValidator : IValidateOptions<RoutingOptions>;
