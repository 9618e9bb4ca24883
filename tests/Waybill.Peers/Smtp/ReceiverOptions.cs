using System.Net;

namespace Waybill.Peers.Smtp;

/// <summary>Where a receiver listens and how much it remembers.</summary>
public sealed record ReceiverOptions
{
    /// <summary>A loopback address; port 0 lets the system choose.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Connections at once; one more is greeted with 421.</summary>
    public int MaxSessions { get; init; } = 2_000;

    /// <summary>How long a client may say nothing.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Octets kept of each message, from its start.</summary>
    public int KeptOctets { get; init; } = 64 * 1024 * 1024;

    /// <summary>Messages the journal keeps.</summary>
    public int KeptMessages { get; init; } = 1_000;

    /// <summary>Lines of dialogue the journal keeps; 0 writes none.</summary>
    public int KeptEntries { get; init; } = 20_000;

    /// <summary>For thousands of messages a second: counts them, and keeps neither dialogue nor message.</summary>
    public static ReceiverOptions CountingOnly { get; } = new() { KeptOctets = 0, KeptMessages = 0, KeptEntries = 0 };
}
