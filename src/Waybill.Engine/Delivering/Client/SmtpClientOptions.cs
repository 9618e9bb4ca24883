using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Waybill.Mail.Addressing;

namespace Waybill.Engine.Delivering.Client;

/// <summary>What is asked of TLS towards a next hop.</summary>
public enum TlsPolicy
{
    /// <summary>TLS where it is offered and works, else in clear; the timeline says which (RFC 3207 §4, RFC 7435).</summary>
    Opportunistic,

    /// <summary>TLS with any certificate, or no delivery.</summary>
    Require,

    /// <summary>TLS with a certificate that proves the host's name, or no delivery: what MTA-STS enforces (RFC 8461 §4).</summary>
    RequireValid,

    /// <summary>Never TLS, for a relay on the same machine.</summary>
    Never,
}

/// <summary>How this server speaks to next hops. The times are those of RFC 5321 §4.5.3.2 unless a comment says otherwise.</summary>
public sealed class SmtpClientOptions : IValidatableObject
{
    /// <summary>The name given in EHLO: a domain name with an address, or an address literal (RFC 5321 §4.1.1.1). Empty: the machine's name.</summary>
    public string ClientName { get; set; } = "";

    public TlsPolicy Tls { get; set; } = TlsPolicy.Opportunistic;

    /// <summary>Whether small messages go by BDAT where it is offered, which saves a round trip (RFC 3030).</summary>
    public bool UseChunking { get; set; } = true;

    /// <summary>Recipients of one transaction. Default 100, which every server must take (RFC 5321 §4.5.3.1.8).</summary>
    [Range(1, 1000)]
    public int MaxRecipients { get; set; } = 100;

    /// <summary>Addresses tried for one attempt. Default 8; RFC 5321 §5.1 wants at least two.</summary>
    [Range(2, 50)]
    public int MaxAddresses { get; set; } = 8;

    /// <summary>Wait for a connection to one address. Default 30 seconds, as Postfix; the RFC names none.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait for the greeting. Default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan GreetingTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Wait for the reply to EHLO, MAIL, RCPT and the other commands. Default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Wait for the TLS handshake. Default 2 minutes; the RFC names none.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Wait for 354 after DATA. Default 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Wait for the peer to take a block of content. Default 3 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan DataBlockTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Wait for the reply to the final dot. Default 10 minutes: a short wait here sends messages twice.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "02:00:00")]
    public TimeSpan EndOfDataTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Wait for the reply to QUIT. Default 2 seconds: nothing depends on it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan QuitTimeout { get; set; } = TimeSpan.FromSeconds(2);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ClientName.Length > 0 && !DomainName.TryParse(ClientName, out _) && !Mailbox.TryParseLiteral(ClientName, out _))
        {
            yield return new ValidationResult(
                $"'{ClientName}' is no host name and no address literal. Write for example mail.example.com or [192.0.2.1].", [nameof(ClientName)]);
        }
    }
}

[OptionsValidator]
public sealed partial class SmtpClientOptionsValidator : IValidateOptions<SmtpClientOptions>;
