using System.Net;

namespace Waybill.Mail.Dns;

/// <summary>Asks the domain name system. Every failure is a value: see <see cref="DnsStatus"/>.</summary>
/// <remarks>An answer carries its time to live; whoever keeps it keeps it no longer than that.</remarks>
public interface IDnsResolver
{
    Task<DnsAnswer<MxRecord>> MxAsync(string name, CancellationToken cancellationToken);

    /// <summary>A and AAAA records together, CNAMEs followed.</summary>
    Task<DnsAnswer<IPAddress>> AddressesAsync(string name, CancellationToken cancellationToken);

    Task<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancellationToken);

    Task<DnsAnswer<string>> CnameAsync(string name, CancellationToken cancellationToken);

    Task<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancellationToken);
}

/// <summary>A mail exchanger and its preference, lower first (RFC 5321 §5.1).</summary>
/// <param name="Exchange">The host without a trailing dot; empty for the null MX of RFC 7505.</param>
public sealed record MxRecord(int Preference, string Exchange);

/// <summary>What came back.</summary>
public enum DnsStatus
{
    /// <summary>The name exists; the list may still be empty (no record of that type).</summary>
    Found,

    /// <summary>The name does not exist (NXDOMAIN). Final, for as long as the answer lives.</summary>
    NoSuchName,

    /// <summary>SERVFAIL, REFUSED, a broken answer. Try again later.</summary>
    Failed,

    /// <summary>No server answered in time. Try again later.</summary>
    TimedOut,
}

/// <summary>An answer and how long it may be kept.</summary>
/// <param name="Records">The records; empty unless <see cref="DnsStatus.Found"/>.</param>
/// <param name="TimeToLive">The smallest TTL of the answer, or the zone's negative TTL (RFC 2308 §5).</param>
/// <param name="Server">Which server answered, for the timeline.</param>
public sealed record DnsAnswer<T>(DnsStatus Status, IReadOnlyList<T> Records, TimeSpan TimeToLive, string Server)
{
    /// <summary>The name the records stand at, when CNAMEs led away from the one that was asked for; else null.</summary>
    public string? CanonicalName { get; init; }

    public bool IsTemporaryFailure => Status is DnsStatus.Failed or DnsStatus.TimedOut;
}
