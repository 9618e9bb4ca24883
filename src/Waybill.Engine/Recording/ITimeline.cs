using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Recording;

/// <summary>Reads what happened. Every question is asked for one account.</summary>
public interface ITimeline
{
    /// <summary>A page of recipients, newest first.</summary>
    Task<ActivityPage> SearchAsync(ActivityQuery query, CancellationToken cancellationToken);

    /// <summary>One recipient's whole story; null when there is none or it belongs to another account.</summary>
    Task<RecipientTimeline?> FindAsync(int accountId, RecipientId recipient, CancellationToken cancellationToken);

    /// <summary>Finds by anything a person may have in hand: email id, Message-ID, recipient address, or an id out of a confirmation reply; newest first.</summary>
    Task<IReadOnlyList<RecipientTimeline>> TraceAsync(int accountId, string term, int limit, CancellationToken cancellationToken);
}

/// <summary>What to look for; every filter that is set must hold.</summary>
public sealed record ActivityQuery
{
    public int AccountId { get; init; } = 1;

    /// <summary>A whole address, or a domain as <c>@example.com</c>.</summary>
    public string? Recipient { get; init; }

    /// <summary>A whole envelope or From address, or a domain as <c>@example.com</c>.</summary>
    public string? Sender { get; init; }

    /// <summary>Words that all stand in the subject, in any order; the last may be a beginning.</summary>
    public string? Subject { get; init; }

    /// <summary>With or without angle brackets.</summary>
    public string? MessageId { get; init; }

    public EmailId? EmailId { get; init; }

    /// <summary>Words or ids that all stand in a peer's reply.</summary>
    public string? Reply { get; init; }

    /// <summary>Recipients that stand so now. Empty: all.</summary>
    public IReadOnlyList<RecipientStatus> Statuses { get; init; } = [];

    /// <summary>Of the waiting recipients only those with at least one failed attempt; says nothing about the others, so it goes together with other <see cref="Statuses"/>.</summary>
    public bool DeferredOnly { get; init; }

    /// <summary>Accepted at or after.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Accepted before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Continue below this recipient (the last of the page before).</summary>
    public RecipientId? Before { get; init; }

    /// <summary>Rows wanted, 1 to 500.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>A page of activity.</summary>
/// <param name="Next">Pass as <see cref="ActivityQuery.Before"/> for the following page; null when there is none.</param>
public sealed record ActivityPage(IReadOnlyList<ActivityRow> Rows, RecipientId? Next);

/// <summary>A recipient as a list shows it.</summary>
public sealed record ActivityRow
{
    public required RecipientId Id { get; init; }

    public required EmailId EmailId { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public required RecipientStatus Status { get; init; }

    /// <summary>Failed attempts so far; a waiting recipient with some is shown as deferred.</summary>
    public required int Attempts { get; init; }

    /// <summary>When the next attempt is due, for waiting recipients.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The envelope's reverse-path; empty for the null one.</summary>
    public required string Sender { get; init; }

    public required string Recipient { get; init; }

    public required string Subject { get; init; }

    public required string MessageId { get; init; }

    /// <summary>When the last event happened.</summary>
    public required DateTimeOffset LastEventAt { get; init; }

    /// <summary>Info of the last event.</summary>
    public required string LastInfo { get; init; }
}

/// <summary>Everything known about one recipient of one message.</summary>
public sealed record RecipientTimeline
{
    public required ActivityRow Row { get; init; }

    public required EnvelopeRecipient Recipient { get; init; }

    public required Envelope Envelope { get; init; }

    public required HeaderFacts Headers { get; init; }

    public required SubmissionFacts Facts { get; init; }

    /// <summary>Null when nothing was stored (a refused submission).</summary>
    public ContentReference? Content { get; init; }

    public required long SizeOctets { get; init; }

    /// <summary>The other recipients of the message, with where each stands.</summary>
    public required IReadOnlyList<ActivityRow> Siblings { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<TimelineEvent> Events { get; init; }
}

/// <summary>A fact in a recipient's timeline.</summary>
public sealed record TimelineEvent
{
    public required EventKind Kind { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The peer's words as they came, else ours.</summary>
    public required string Info { get; init; }

    public string Status { get; init; } = "";

    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>The attempt behind it; null where there was none.</summary>
    public Attempt? Attempt { get; init; }
}
