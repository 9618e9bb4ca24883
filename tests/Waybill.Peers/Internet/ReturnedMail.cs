namespace Waybill.Peers.Internet;

/// <summary>What a receiver sends back after it said 250.</summary>
public enum ReturnKind
{
    /// <summary>A delivery status notification (RFC 3464).</summary>
    Bounce,

    /// <summary>A feedback report (RFC 5965).</summary>
    Complaint,
}

/// <summary>What became of a message that a simulated receiver sent back.</summary>
/// <param name="To">The reverse-path of the message it is about.</param>
/// <param name="About">The recipient it speaks of.</param>
/// <param name="Outcome">The last reply, or why there was none.</param>
public sealed record ReturnedMail(DateTimeOffset At, ReturnKind Kind, string To, string About, string Outcome);
