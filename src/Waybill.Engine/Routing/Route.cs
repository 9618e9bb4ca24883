using System.Net;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Routing;

/// <summary>Where a domain's mail goes, or why it goes nowhere. Shared by every message for the domain while it is fresh.</summary>
public abstract record Route
{
    private Route() { } // Closed: the records below are all there are.

    /// <summary>The domain or address literal that was routed, or the smart host's <c>host:port</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What DNS said, one fact a line, for the transcript.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How long the answers behind it live.</summary>
    public TimeSpan TimeToLive { get; init; }

    /// <summary>There are hosts to try.</summary>
    /// <param name="NextHop">What connections and limits are counted by.</param>
    /// <param name="MxHosts">By preference, then by name; <see cref="MxSelection.InOrderOfTrial"/> gives the order to try.</param>
    public sealed record Hosts(NextHop NextHop, IReadOnlyList<MxHost> MxHosts) : Route;

    /// <summary>The way cannot be found now; it is never a reason to give up before the message's lifetime ends.</summary>
    public sealed record Deferred(EnhancedStatusCode Status, string Diagnostic) : Route;

    /// <summary>There is no way, and DNS said so for certain.</summary>
    public sealed record Unroutable(EnhancedStatusCode Status, string Diagnostic) : Route;
}

/// <summary>
/// A destination as limits see it: the set of its mail exchangers. Domains hosted by one provider share it, so what
/// the provider allows is counted once.
/// </summary>
/// <param name="Key">Host names in order, separated by commas, with the port where it is not 25.</param>
public readonly record struct NextHop(string Key)
{
    /// <summary>The next hop of a set of hosts; order and preference do not matter.</summary>
    public static NextHop Of(IEnumerable<string> hosts, int port)
    {
        var key = string.Join(',', hosts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        return new NextHop(port == 25 ? key : $"{key}:{port}");
    }

    public override string ToString() => Key;
}

/// <summary>A host that takes mail for a domain, with its addresses in the order to try.</summary>
/// <param name="Name">The exchanger's name, or the address as text where there is no name.</param>
public sealed record MxHost(string Name, int Preference, int Port, IReadOnlyList<IPAddress> Addresses);
