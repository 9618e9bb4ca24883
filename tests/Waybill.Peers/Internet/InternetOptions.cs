using System.Net;

namespace Waybill.Peers.Internet;

/// <summary>What a simulated internet is made of.</summary>
public sealed record InternetOptions
{
    /// <summary>Where the DNS server answers, on loopback; port 0 lets the system choose.</summary>
    public IPEndPoint Dns { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>The port that every receiver listens on, each on an address of its own in 127.0.0.0/8; 0 lets the system choose.</summary>
    public int SmtpPort { get; init; }

    /// <summary>The domains that mail is sent from; what comes back to them is caught too.</summary>
    public IReadOnlyList<string> SenderDomains { get; init; } = ["sender.test", "shop.test"];

    /// <summary>How soon a second attempt at greylist@ is taken.</summary>
    public TimeSpan GreylistFor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long hang@ keeps silent after the final dot.</summary>
    public TimeSpan HangFor { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long slow.test lets its greeting wait.</summary>
    public TimeSpan SlowGreeting { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>When the bounce for bounce@ is sent, after the 250.</summary>
    public TimeSpan BounceAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>When the complaint of complain@ is sent, after the 250.</summary>
    public TimeSpan ComplainAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Messages the catcher keeps.</summary>
    public int KeptMessages { get; init; } = 1_000;

    /// <summary>Octets the catcher keeps over all messages.</summary>
    public long KeptOctets { get; init; } = 64 * 1024 * 1024;

    /// <summary>Octets kept of one message, from its start.</summary>
    public int KeptOctetsPerMessage { get; init; } = 4 * 1024 * 1024;

    /// <summary>Lines of dialogue that each receiver's journal keeps.</summary>
    public int KeptEntries { get; init; } = 5_000;

    /// <summary>Makes the ids repeat themselves; null for fresh ones.</summary>
    public int? Seed { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
