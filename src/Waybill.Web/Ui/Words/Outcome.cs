using Waybill.Engine.Recording;

namespace Waybill.Web.Ui.Words;

/// <summary>How a state is shown: a word, an icon and a colour, each enough without the others.</summary>
/// <param name="Tone">The colour's name in the style sheet: <c>tone-…</c>.</param>
/// <param name="Icon">A name of <see cref="Parts.Icon"/>.</param>
public readonly record struct Outcome(string Label, string Tone, string Icon, string Hint)
{
    private static readonly Outcome Waiting = new("Processed", "waiting", "clock", "Accepted by us, waiting for its first attempt");
    private static readonly Outcome Deferred = new("Deferred", "waiting", "retry", "An attempt did not succeed; another will follow");
    private static readonly Outcome Delivered = new("Delivered", "delivered", "check", "The next hop took responsibility for it");
    private static readonly Outcome SoftBounced = new("Soft bounced", "soft", "bounce", "Given up after a failure that may be temporary");
    private static readonly Outcome HardBounced = new("Hard bounced", "hard", "cross", "Refused for good");
    private static readonly Outcome Rejected = new("Rejected", "rejected", "ban", "We did not take or send it");
    private static readonly Outcome Unknown = new("Outcome unknown", "unknown", "question", "The connection broke before the reply came");
    private static readonly Outcome Cancelled = new("Cancelled", "unknown", "minus", "A person gave the delivery up");
    private static readonly Outcome Requested = new("Retry requested", "unknown", "retry", "A person asked for the next attempt now");

    /// <summary>Where a recipient stands.</summary>
    public static Outcome Of(RecipientStatus status, int attempts) => status switch
    {
        RecipientStatus.Processed => attempts > 0 ? Deferred : Waiting,
        RecipientStatus.Delivered => Delivered,
        RecipientStatus.SoftBounced => SoftBounced,
        RecipientStatus.HardBounced => HardBounced,
        RecipientStatus.Rejected => Rejected,
        RecipientStatus.Cancelled => Cancelled,
        _ => Unknown,
    };

    public static Outcome Of(ActivityRow row) => Of(row.Status, row.Attempts);

    /// <summary>What happened.</summary>
    public static Outcome Of(EventKind kind) => kind switch
    {
        EventKind.Processed => Waiting with { Tone = "unknown", Icon = "in" },
        EventKind.Delivered => Delivered,
        EventKind.Deferred => Deferred,
        EventKind.SoftBounced => SoftBounced,
        EventKind.HardBounced => HardBounced,
        EventKind.Rejected => Rejected,
        EventKind.Cancelled => Cancelled,
        EventKind.RetryRequested => Requested,
        _ => Unknown,
    };
}
