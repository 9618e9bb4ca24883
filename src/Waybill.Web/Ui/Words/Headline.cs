using Waybill.Engine.Recording;

namespace Waybill.Web.Ui.Words;

/// <summary>Where a recipient's mail stands, in a sentence, and what that does and does not mean.</summary>
public sealed record Headline(string Text, string More)
{
    public static Headline Of(RecipientTimeline timeline, ReaderClock clock)
    {
        var row = timeline.Row;
        var last = timeline.Events.Count > 0 ? timeline.Events[^1] : null;
        var host = HostOf(timeline);
        return row.Status switch
        {
            RecipientStatus.Delivered => new(
                $"Accepted by {host ?? "the next hop"} at {clock.InWords(last?.At ?? row.LastEventAt)}",
                "Their server took responsibility with the reply below. Where it went from there (inbox, junk folder, quarantine) only their side can see; the reply is what their administrator can trace."),
            RecipientStatus.Processed => Waiting(row, last, host, clock),
            RecipientStatus.SoftBounced => new(
                $"Given up after {Attempts(row)}",
                "The last reply speaks of a temporary fault or a policy, not of an address that does not exist. Sending again may work once the cause below is gone."),
            RecipientStatus.HardBounced => new(
                host is null ? "Not deliverable: the address or its domain takes no mail" : $"Refused for good by {host}",
                "Sending to this address again will fail again. Check how it is written, then ask the recipient for the right one."),
            RecipientStatus.Rejected => new(
                "Not accepted by Waybill",
                "It was refused when it was handed in, with the reply below, and was never sent on."),
            RecipientStatus.Cancelled => new(
                "Cancelled",
                "A person gave this delivery up. No further attempt will be made."),
            _ => new("Outcome unknown", ""),
        };
    }

    /// <summary>The host that spoke last; null when none was reached.</summary>
    public static string? HostOf(RecipientTimeline timeline) =>
        timeline.Events.LastOrDefault(fact => fact.Attempt is { Host: not "" })?.Attempt?.Host;

    private static Headline Waiting(ActivityRow row, TimelineEvent? last, string? host, ReaderClock clock)
    {
        var next = row.DueAt ?? last?.NextAttemptAt;
        var when = next is { } due && due > clock.Now
            ? $"The next attempt is due at {clock.InWords(due)}, {clock.Until(due)}."
            : "The next attempt is due now.";
        return (last?.Kind, row.Attempts) switch
        {
            (EventKind.OutcomeUnknown, _) => new(
                "Outcome unknown: the connection broke after the message was sent",
                $"{host ?? "Their server"} may or may not have taken it. {when} It carries the same Message-ID, so that a second copy can be told for one."),
            (EventKind.RetryRequested, _) => new("Waiting: the next attempt was asked for", when),
            (_, 0) => new("Waiting for its first attempt", when),
            _ => new(
                $"Deferred after {Attempts(row)}, still trying",
                $"{(host is null ? "No server of theirs could be reached." : $"{host} did not take it yet.")} {when}"),
        };
    }

    private static string Attempts(ActivityRow row) => row.Attempts == 1 ? "one attempt" : $"{row.Attempts} attempts";
}
