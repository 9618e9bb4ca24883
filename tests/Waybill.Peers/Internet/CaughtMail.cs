using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>A message that a simulated receiver took.</summary>
/// <param name="Id">Counted from 1, newer is higher.</param>
/// <param name="Receiver">The system that took it, for people: "Gmail".</param>
/// <param name="Domain">The domain of the first recipient.</param>
/// <param name="ReversePath">Empty for the null reverse-path.</param>
/// <param name="Reply">The reply it gave; empty when it cut the connection instead.</param>
/// <param name="Octets">Of the whole content, whether all of it is kept or not.</param>
/// <param name="Tls">Null when it came in clear text.</param>
/// <param name="Content">Header and body, at least from the start.</param>
public sealed record CaughtMail(
    long Id,
    string Receiver,
    string Domain,
    string ReversePath,
    IReadOnlyList<string> Recipients,
    DateTimeOffset At,
    string Reply,
    long Octets,
    TlsFacts? Tls,
    ReadOnlyMemory<byte> Content)
{
    /// <summary>Whether <see cref="Content"/> is only the start of it.</summary>
    public bool IsCut => Content.Length < Octets;

    /// <summary>The Subject field as it came, encoded words not decoded.</summary>
    public string? Subject => HeaderFields.Find(Content.Span, "Subject");

    public string? MessageId => HeaderFields.Find(Content.Span, "Message-ID");
}
