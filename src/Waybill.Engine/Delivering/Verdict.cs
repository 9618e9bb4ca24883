using Waybill.Engine.Recording;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering;

/// <summary>Where in the dialogue something happened.</summary>
public enum DialogueStage
{
    Connection,
    Greeting,
    Ehlo,
    Tls,
    Mail,
    Rcpt,
    Data,
    EndOfData,
}

/// <summary>What an attempt means for a recipient, before the schedule is asked.</summary>
/// <param name="Kind">Delivered, Deferred, SoftBounced, HardBounced or OutcomeUnknown.</param>
/// <param name="Status">The enhanced status code behind it; null when there is none.</param>
/// <param name="Info">The deciding reply word for word, else what we saw.</param>
public readonly record struct Verdict(EventKind Kind, EnhancedStatusCode? Status, string Info)
{
    /// <summary>
    /// The failure was the connection's or ours, not the message's: it is tried again at once, on a new connection,
    /// and does not count.
    /// </summary>
    public bool TryAgainAtOnce { get; init; }
}
