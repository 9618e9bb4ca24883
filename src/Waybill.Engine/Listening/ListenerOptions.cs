using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Listening;

/// <summary>How TLS begins on a listener.</summary>
public enum ListenerTls
{
    /// <summary>STARTTLS is offered (ports 587 and 2525).</summary>
    StartTls,

    /// <summary>TLS from the first octet (port 465, RFC 8314 §3.3).</summary>
    Implicit,

    /// <summary>No TLS: for trusted networks only.</summary>
    None,
}

/// <summary>One address to listen on.</summary>
public sealed class ListenerOptions
{
    /// <summary>Name in the ready line and in messages: smtp, smtps, smtp-trusted.</summary>
    public string Name { get; set; } = "smtp";

    /// <summary>ADDR:PORT; port 0 lets the system choose.</summary>
    public string Endpoint { get; set; } = "";

    public ListenerTls Tls { get; set; } = ListenerTls.StartTls;

    /// <summary>Networks (as 10.0.0.0/8) whose clients submit without AUTH. Default: none.</summary>
    public IList<string> TrustedNetworks { get; } = [];

    /// <summary>Domains those clients may send to. Default: all.</summary>
    public IList<string> RelayDomains { get; } = [];

    /// <summary>Offers AUTH without TLS. Default: only on loopback addresses.</summary>
    public bool? AllowAuthInClear { get; set; }

    /// <summary>Expects a PROXY protocol v2 header in front of every connection, from these networks only. Default: none.</summary>
    public IList<string> ProxyNetworks { get; } = [];

    /// <summary>Whether the process may go on without this listener when its port needs a permission it lacks.</summary>
    public bool Optional { get; set; }
}

/// <summary>Where submission is taken. Section <c>Waybill:Listening</c>.</summary>
public sealed class ListeningOptions
{
    public const string Section = "Waybill:Listening";

    /// <summary>The listeners. Default: 2525, and 587 and 465 where the process may bind them.</summary>
    public IList<ListenerOptions> Listeners { get; } = [];

    /// <summary>PEM file of the certificate chain. Default: a self-signed certificate in the data directory.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>PEM file of the private key; default: the certificate's own file.</summary>
    public string? CertificateKeyPath { get; set; }

    /// <summary>Most connections at once. Default 2,000.</summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 2_000;

    /// <summary>Most connections of one client address at once; trusted networks and loopback are not counted. Default 100.</summary>
    [Range(1, 100_000)]
    public int MaxConnectionsPerAddress { get; set; } = 100;
}

[OptionsValidator]
internal sealed partial class ListeningOptionsValidator : IValidateOptions<ListeningOptions>;
