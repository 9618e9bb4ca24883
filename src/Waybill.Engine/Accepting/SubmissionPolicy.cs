using System.Net;
using Waybill.Mail.Addressing;

namespace Waybill.Engine.Accepting;

/// <summary>What one listener lets a client do.</summary>
public sealed record SubmissionPolicy
{
    /// <summary>Whether STARTTLS is offered.</summary>
    public bool OffersStartTls { get; init; } = true;

    /// <summary>Whether AUTH is offered without TLS. Passwords then cross the wire in clear: for loopback only.</summary>
    public bool AllowsAuthInClear { get; init; }

    /// <summary>Networks whose clients may submit without AUTH. Empty: nobody.</summary>
    public IReadOnlyList<IPNetwork> TrustedNetworks { get; init; } = [];

    /// <summary>Domains that a trusted network may send to; empty: all.</summary>
    public IReadOnlyList<DomainName> RelayDomains { get; init; } = [];

    /// <summary>Whether a client may submit without AUTH.</summary>
    public bool Trusts(IPAddress client)
    {
        var address = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        return TrustedNetworks.Any(network => network.Contains(address));
    }

    /// <summary>Whether an unauthenticated client may send to a domain.</summary>
    public bool Relays(Mailbox recipient) =>
        RelayDomains.Count == 0 || (recipient.Domain is { } domain && RelayDomains.Contains(domain));
}
