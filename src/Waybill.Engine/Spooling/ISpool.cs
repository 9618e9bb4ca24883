using Waybill.Engine.Recording;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Spooling;

/// <summary>Keeps what we are responsible for: accepted messages, what each recipient waits for, what is due.</summary>
/// <remarks>Every method may be called from any thread. What a completed task reports is on stable storage.</remarks>
public interface ISpool
{
    /// <summary>Takes responsibility for a message; on return it survives loss of power, so 250 may be sent (RFC 5321 §6.1).</summary>
    /// <returns>Its recipients, ready to be scheduled.</returns>
    /// <exception cref="SpoolUnavailableException">It was not stored: answer 451 4.3.1. Nothing of it remains.</exception>
    Task<AcceptedMessage> AcceptAsync(Submission submission);

    /// <summary>Keeps a refused submission as a Rejected event.</summary>
    /// <exception cref="SpoolUnavailableException">It was not kept; the refusal stands all the same.</exception>
    Task RefuseAsync(RefusedSubmission refusal);

    /// <summary>Records what came of an attempt for every recipient it carried, with its events, in one transaction.</summary>
    /// <param name="attempt">The attempt and its outcomes.</param>
    /// <param name="report">A bounce message that the outcomes call for: accepted in the same transaction, so that neither stands alone.</param>
    /// <returns>The accepted report, or null when there was none.</returns>
    /// <remarks>Waits without limit while the store is failing: an outcome that is forgotten is a message sent twice.</remarks>
    Task<AcceptedMessage?> RecordAsync(AttemptRecord attempt, Submission? report = null);

    /// <summary>Notes that the final dot was sent and no reply has come yet, so that a crash now is told as outcome unknown.</summary>
    /// <remarks>Called off the hot path: only when the reply takes longer than a moment. <see cref="RecordAsync"/> removes the note.</remarks>
    Task NoteDotSentAsync(DotSent note);

    /// <summary>The dots without an outcome that the last run left behind. Asked once, at start.</summary>
    Task<IReadOnlyList<DotSent>> UnresolvedDotsAsync(CancellationToken cancellationToken);

    /// <summary>Reads waiting recipients in order of due time from the index, never the whole table.</summary>
    /// <param name="after">Where the last page ended; <c>default</c> for the first.</param>
    /// <param name="until">No recipient due after this instant.</param>
    /// <param name="limit">Most recipients to return.</param>
    Task<IReadOnlyList<WaitingRecipient>> WaitingAsync(DueCursor after, DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>Loads what an attempt needs. Recipients that no longer wait are left out.</summary>
    Task<IReadOnlyList<DueRecipient>> LoadAsync(IReadOnlyList<RecipientId> recipients, CancellationToken cancellationToken);

    /// <summary>How many recipients wait, kept up to date by the writer; costs nothing.</summary>
    long WaitingCount { get; }

    /// <summary>Whether the store takes mail at this moment; false while the disk is full or the store fails.</summary>
    bool IsAvailable { get; }

    /// <summary>Gives up waiting recipients by a person's order. Those with an attempt under way finish it first.</summary>
    /// <returns>How many were cancelled.</returns>
    Task<int> CancelAsync(IReadOnlyList<RecipientId> recipients, string reason);

    /// <summary>Makes waiting recipients due now.</summary>
    /// <returns>How many were moved.</returns>
    Task<int> RetryNowAsync(IReadOnlyList<RecipientId> recipients);
}

/// <summary>The store can take nothing at the moment; it tries again by itself.</summary>
public sealed class SpoolUnavailableException(string message, Exception? cause = null) : IOException(message, cause);

/// <summary>An accepted message and where its octets lie.</summary>
public sealed record AcceptedMessage(EmailId EmailId, IReadOnlyList<DueRecipient> Recipients);

/// <summary>One message's envelope and content, shared by its recipients.</summary>
public sealed record SpooledMessage
{
    public required EmailId EmailId { get; init; }

    public required int AccountId { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public required Envelope Envelope { get; init; }

    public required ContentReference Content { get; init; }
}

/// <summary>A recipient with all that an attempt needs.</summary>
/// <param name="Attempts">Attempts made so far.</param>
public sealed record DueRecipient(SpooledMessage Message, RecipientId Id, EnvelopeRecipient Recipient, int Attempts)
{
    /// <summary>The domain that decides the next hop; null for an address literal.</summary>
    public DomainName? Domain => Recipient.ForwardPath.Mailbox.Domain;
}

/// <summary>A waiting recipient as the scheduler keeps it: ids and times only.</summary>
/// <param name="Host">The domain's A-label form, or a bracketed address literal.</param>
public readonly record struct WaitingRecipient(RecipientId Id, EmailId EmailId, string Host, DateTimeOffset DueAt);

/// <summary>A place in the order of due time.</summary>
public readonly record struct DueCursor(DateTimeOffset DueAt, RecipientId Id);

/// <summary>The final dot was sent to a host and its reply has not come.</summary>
public sealed record DotSent(IReadOnlyList<RecipientId> Recipients, DateTimeOffset At, string Host, string Address);
