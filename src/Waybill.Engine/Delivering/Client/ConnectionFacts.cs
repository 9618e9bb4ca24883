using Waybill.Engine.Recording;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>What was learned while a connection was opened; it holds for every message it carries.</summary>
internal sealed record ConnectionFacts
{
    public required string NextHop { get; init; }

    public required string Host { get; init; }

    public required string Address { get; init; }

    public required string SourceAddress { get; init; }

    public required string ClientName { get; init; }

    public TlsFacts? Tls { get; init; }

    public PeerExtensions Extensions { get; init; } = PeerExtensions.None;

    /// <summary>When the attempt began that opened the connection, by clock and by timestamp.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    public required long OpenedTimestamp { get; init; }
}
