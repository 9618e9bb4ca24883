using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Accepting;

/// <summary>A transaction: from MAIL to the end of data (RFC 5321 §3.3).</summary>
public sealed class MailTransaction(Envelope envelope)
{
    private readonly List<EnvelopeRecipient> _recipients = [];
    private HashSet<(string, string)>? _seen;

    public Envelope Envelope { get; } = envelope;

    public IReadOnlyList<EnvelopeRecipient> Recipients => _recipients;

    /// <summary>Recipients that policy refused; they become Rejected events.</summary>
    public List<(ForwardPath Recipient, SmtpReply Reply)> Refused { get; } = [];

    /// <summary>Chunks taken so far; DATA may not follow one (RFC 3030 §2).</summary>
    public int Chunks { get; set; }

    /// <summary>Adds a recipient. One that is already there is not added again: it would get the message twice.</summary>
    public void Add(EnvelopeRecipient recipient)
    {
        if (_recipients.Count > 0)
        {
            _seen ??= [.. _recipients.Select(Key)];
            if (!_seen.Add(Key(recipient)))
            {
                return;
            }
        }

        _recipients.Add(recipient);
    }

    // The domain without regard to case, the local-part with it (RFC 5321 §2.4).
    private static (string, string) Key(EnvelopeRecipient recipient) =>
        (recipient.ForwardPath.Mailbox.LocalPart, recipient.ForwardPath.Mailbox.Host);
}
