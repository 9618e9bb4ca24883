using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Notifications;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering;

/// <summary>Decides who is told that a delivery has failed, and gathers what the report says. Pure.</summary>
public static class BounceNotice
{
    /// <summary>Whether the sender wants a report about a recipient's failure (RFC 3461 §4.1).</summary>
    /// <param name="notify">NOTIFY of the recipient; not given means that failures are reported.</param>
    public static bool IsWanted(Envelope envelope, DsnNotify notify) =>
        !envelope.ReversePath.IsNull // RFC 5321 §4.5.5: never about mail that is itself a report.
        && (notify == DsnNotify.Unspecified || (notify.HasFlag(DsnNotify.Failure) && !notify.HasFlag(DsnNotify.Never)));

    /// <summary>The report about the recipients that an attempt ended for good.</summary>
    /// <param name="recipients">The recipients the attempt carried, of one message; in the order of the record's outcomes.</param>
    /// <param name="headers">Header facts of the message.</param>
    /// <param name="messageId">Message-ID of the report, with its angle brackets.</param>
    /// <returns>Null when there is nobody to tell or nothing to report.</returns>
    public static BounceReport? For(
        IReadOnlyList<DueRecipient> recipients, AttemptRecord record, HeaderFacts headers, string reportingMta, string messageId, DateTimeOffset now)
    {
        var message = recipients[0].Message;
        var failed = new List<FailedRecipient>();
        for (var i = 0; i < recipients.Count; i++)
        {
            if (record.Outcomes[i].Kind is EventKind.SoftBounced or EventKind.HardBounced
                && IsWanted(message.Envelope, recipients[i].Recipient.Notify))
            {
                failed.Add(Describe(recipients[i], record.Outcomes[i], record.Attempt));
            }
        }

        if (failed.Count == 0)
        {
            return null;
        }

        return new BounceReport
        {
            ReportingMta = reportingMta,
            To = message.Envelope.ReversePath.Mailbox!,
            MessageId = messageId,
            Date = now,
            ArrivedAt = message.AcceptedAt,
            EnvelopeId = message.Envelope.EnvelopeId,
            OriginalSubject = headers.Subject,
            OriginalMessageId = headers.MessageId,

            // RFC 3461 §4.3 leaves the choice to us when RET is not given: the header says which message it was.
            ReturnsContent = message.Envelope.Return == DsnReturn.Full,
            Recipients = failed,
        };
    }

    private static FailedRecipient Describe(DueRecipient recipient, RecipientOutcome outcome, Attempt attempt)
    {
        EnhancedStatusCode? status = EnhancedStatusCode.TryParsePrefix(outcome.Status, out var code) ? code : null;
        var isReply = outcome.Info is [>= '2' and <= '5', >= '0' and <= '9', >= '0' and <= '9', ' ' or '-' or '\n', ..] or { Length: 3 };
        return new FailedRecipient
        {
            FinalRecipient = recipient.Recipient.ForwardPath,
            OriginalRecipient = recipient.Recipient.OriginalRecipient,
            Status = status,
            RemoteMta = attempt.Host.Length > 0 ? attempt.Host : null,
            Diagnostic = outcome.Info,
            IsReply = isReply,
            LastAttemptAt = outcome.At,
            Attempts = recipient.Attempts + 1,

            // A 4yz that ends a delivery does so because the lifetime is over.
            TimeIsOver = status is { Class: 4 } || (isReply && outcome.Info[0] == '4'),
        };
    }
}
