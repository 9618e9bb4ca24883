using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Accepting;

/// <summary>A message on its way in: its octets, and what is read and added in the same pass.</summary>
internal sealed class IncomingMessage : IDisposable
{
    private readonly SubmissionOptions _options;
    private ContentDraft? _draft;

    public IncomingMessage(SubmissionOptions options, ContentDraft draft, bool dots, DateTimeOffset startedAt)
    {
        (_options, _draft, StartedAt) = (options, draft, startedAt);
        Scanner = new ContentScanner(
            new ContentLimits(options.MaxMessageOctets, options.MaxHeaderOctets, options.MaxLineOctets), dots);
    }

    public ContentScanner Scanner { get; }

    public DateTimeOffset StartedAt { get; }

    public ContentDraft Draft => _draft ?? throw new InvalidOperationException("The draft was handed over.");

    /// <summary>Null until the header section is complete and its prefix is set.</summary>
    public HeaderFacts? Headers { get; private set; }

    public EmailId EmailId { get; private set; }

    /// <summary>Received fields that the message came with.</summary>
    public int Hops { get; private set; }

    /// <summary>Whether the draft must go to disk before more is read; its header has been seen to by then.</summary>
    public bool WantsFlush => Scanner.Fault == ContentFault.None && Draft.BufferedOctets >= ContentDraft.FlushAtOctets;

    /// <summary>Reads the header section and sets what goes before it: our trace field, and Date and Message-ID where missing (RFC 6409 §8).</summary>
    public void Complete(SubmissionSession session, EmailId emailId, DateTimeOffset now)
    {
        if (Headers is not null)
        {
            return;
        }

        EmailId = emailId;
        var header = Scanner.HeaderOctets < 0 ? Draft.Buffered : Draft.Buffered[..Scanner.HeaderOctets];
        var reader = new HeaderReader(header);
        string? subject = null, messageId = null, from = null;
        var hasDate = false;
        while (reader.TryRead(out var field))
        {
            if (field.Is("Subject"u8))
            {
                subject ??= HeaderReader.Decode(field.Value, 500);
            }
            else if (field.Is("Message-ID"u8))
            {
                messageId ??= HeaderReader.Decode(field.Value, 500);
            }
            else if (field.Is("From"u8))
            {
                from ??= HeaderReader.Decode(field.Value, 500);
            }
            else if (field.Is("Date"u8))
            {
                hasDate = true;
            }
            else if (field.Is("Received"u8))
            {
                Hops++;
            }
        }

        var prefix = new StringBuilder(400);
        AppendReceived(prefix, session, now);
        if (!hasDate)
        {
            prefix.Append("Date: ").Append(Rfc5322(now)).Append("\r\n");
        }

        if (string.IsNullOrWhiteSpace(messageId))
        {
            messageId = $"<{EmailId}@{_options.HostName}>";
            prefix.Append("Message-ID: ").Append(messageId).Append("\r\n");
        }

        if (reader.IsBroken && reader.Consumed == 0)
        {
            prefix.Append("\r\n"); // There is no header at all: what came is the body.
        }

        Draft.SetPrefix(Encoding.UTF8.GetBytes(prefix.ToString()));
        Headers = new HeaderFacts { Subject = subject ?? "", MessageId = messageId, From = from ?? "" };
    }

    /// <summary>Gives the draft to the spool, which disposes of it.</summary>
    public ContentDraft HandOver()
    {
        var draft = Draft;
        _draft = null;
        return draft;
    }

    public void Dispose() => _draft?.Dispose();

    // RFC 5321 §4.4; the FOR clause only where it betrays nobody.
    private void AppendReceived(StringBuilder text, SubmissionSession session, DateTimeOffset now)
    {
        var transaction = session.Transaction!;
        text.Append("Received: from ").Append(session.ClientName).Append(" (").Append(Literal(session.Client)).Append(")\r\n");
        if (session.Tls is { } tls)
        {
            text.Append("\t(").Append(tls).Append(")\r\n");
        }

        text.Append("\tby ").Append(_options.HostName).Append(" (Waybill) with ").Append(session.Protocol)
            .Append(" id ").Append(EmailId.ToString());
        if (transaction.Recipients.Count == 1 && !transaction.Recipients[0].ForwardPath.Mailbox.NeedsSmtpUtf8)
        {
            text.Append("\r\n\tfor <").Append(transaction.Recipients[0].ForwardPath).Append('>');
        }

        text.Append(";\r\n\t").Append(Rfc5322(now)).Append("\r\n");
    }

    private static string Literal(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetworkV6 ? $"[IPv6:{plain}]" : $"[{plain}]";
    }

    private static string Rfc5322(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture);
}
