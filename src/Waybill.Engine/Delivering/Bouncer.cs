using System.Net;
using Microsoft.Extensions.Options;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;
using Waybill.Mail.Notifications;

namespace Waybill.Engine.Delivering;

/// <summary>Writes the bounce message that outcomes call for, ready to be accepted together with them (RFC 5321 §6.1, RFC 3464).</summary>
internal sealed class Bouncer(IContentStore content, EmailIdSource ids, IOptions<SmtpClientOptions> options, TimeProvider clock)
{
    private readonly string _name = NameOf(options.Value.ClientName);

    /// <summary>The report about an attempt's recipients that were given up; null when there is nobody to tell.</summary>
    /// <param name="recipients">The recipients of the attempt, all of one message.</param>
    public async ValueTask<Submission?> ReportOfAsync(AttemptRecord record, IReadOnlyList<DueRecipient> recipients)
    {
        if (record.Outcomes.All(static outcome => outcome.NextAttemptAt is not null || outcome.Kind == EventKind.Delivered))
        {
            return null;
        }

        var message = recipients[0].Message;
        var id = ids.Next(1);
        var now = clock.GetUtcNow();
        var original = await ReadAsync(message.Content);
        if (BounceNotice.For(recipients, record, FactsOf(original), _name, $"<{id}@{_name}>", now) is not { } report)
        {
            return null;
        }

        var draft = content.Begin();
        try
        {
            var eightBit = BounceWriter.Write(report, original, message.Content.LengthOctets, draft);
            return new Submission
            {
                EmailId = id,
                AcceptedAt = now,
                AccountId = message.AccountId,
                Envelope = new Envelope(ReversePath.Null, eightBit ? BodyKind.EightBitMime : BodyKind.SevenBit, report.To.NeedsSmtpUtf8),
                Recipients = [new EnvelopeRecipient(new ForwardPath(report.To), DsnNotify.Never)],
                Headers = FactsOf(draft.Buffered),
                Facts = new SubmissionFacts { ClientAddress = "this server", Protocol = "LOCAL" },
                Content = draft,
            };
        }
        catch
        {
            draft.Dispose();
            throw;
        }
    }

    /// <summary>The start of the original; empty when its content is gone, for a report without it is better than none.</summary>
    private async ValueTask<byte[]> ReadAsync(ContentReference reference)
    {
        try
        {
            using var lease = content.Open(reference);
            var octets = new byte[Math.Min(lease.LengthOctets, BounceWriter.MaxReturnedOctets)];
            await lease.OpenStream().ReadExactlyAsync(octets);
            return octets;
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static HeaderFacts FactsOf(ReadOnlySpan<byte> octets)
    {
        var facts = new HeaderFacts();
        var reader = new HeaderReader(octets);
        while (reader.TryRead(out var field))
        {
            facts = field.Is("Subject"u8) ? facts with { Subject = HeaderReader.Decode(field.Value, 500) }
                : field.Is("Message-ID"u8) ? facts with { MessageId = HeaderReader.Decode(field.Value, 500) }
                : field.Is("From"u8) ? facts with { From = HeaderReader.Decode(field.Value, 500) }
                : facts;
        }

        return facts;
    }

    private static string NameOf(string configured) =>
        DomainName.TryParse(configured.Length > 0 ? configured : Dns.GetHostName(), out var name) ? name.Ascii : "localhost";
}
