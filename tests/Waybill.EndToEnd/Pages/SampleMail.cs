using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;

namespace Waybill.EndToEnd.Pages;

/// <summary>Makes timelines that look like real ones.</summary>
internal sealed class SampleMail(RememberedTimeline timeline, RememberedContent contents, DateTimeOffset now)
{
    private int _made;
    private readonly EmailIdSource _ids = new(TimeProvider.System, 0, default);

    public static readonly string Reply = "250 2.0.0 Ok: queued as 4f7f4b3tWbzKy";

    public RecipientTimeline Add(
        string recipient, string subject, TimeSpan ago, RecipientStatus status = RecipientStatus.Delivered, string? content = null,
        string sender = "shop@brightwater.example", bool announce = false, int attempts = -1, string? info = null)
    {
        var at = now - ago;
        var id = announce ? _ids.Next(1) : new EmailId(EmailId.FirstAt(at).Value + _made++);
        var made = attempts >= 0 ? attempts : status is RecipientStatus.Processed or RecipientStatus.Rejected ? 0 : 1;
        var events = EventsOf(recipient, at, status, made, info);
        var row = new ActivityRow
        {
            Id = RecipientId.Of(id, 0),
            EmailId = id,
            AcceptedAt = at,
            Status = status,
            Attempts = made,
            DueAt = status == RecipientStatus.Processed ? now + TimeSpan.FromMinutes(12) : null,
            Sender = sender,
            Recipient = recipient,
            Subject = subject,
            MessageId = $"<{id}.20261123@brightwater.example>",
            LastEventAt = events[^1].At,
            LastInfo = events[^1].Info,
        };
        var whole = new RecipientTimeline
        {
            Row = row,
            Recipient = new EnvelopeRecipient(ForwardPath.Parse(recipient), DsnNotify.Failure | DsnNotify.Delay, $"rfc822;{recipient}"),
            Envelope = new Envelope(sender.Length == 0 ? ReversePath.Null : ReversePath.Of(Mailbox.Parse(sender)), BodyKind.EightBitMime, EnvelopeId: "QQ314159"),
            Headers = new HeaderFacts { Subject = subject, MessageId = row.MessageId, From = $"Brightwater Shop <{sender}>" },
            Facts = new SubmissionFacts
            {
                ClientAddress = "203.0.113.25",
                ClientName = "app7.brightwater.example",
                Protocol = "ESMTPSA",
                Credential = "shop",
                Tls = "TLS 1.3 TLS_AES_256_GCM_SHA384",
                StartedAt = at - TimeSpan.FromMilliseconds(41),
            },
            Content = contents.Add(content ?? $"Subject: {subject}\nFrom: {sender}\nTo: {recipient}\n\nHello.\n"),
            SizeOctets = 10_412,
            Siblings = [],
            Events = events,
        };
        timeline.Set(whole, announce);
        return whole;
    }

    private static List<TimelineEvent> EventsOf(string recipient, DateTimeOffset at, RecipientStatus status, int attempts, string? info)
    {
        var host = $"mx1.{recipient[(recipient.IndexOf('@') + 1)..]}";
        if (status == RecipientStatus.Rejected)
        {
            return [new TimelineEvent { Kind = EventKind.Rejected, At = at, Info = info ?? "550 5.7.1 The sender's domain is not verified", Status = "5.7.1" }];
        }

        List<TimelineEvent> events = [new TimelineEvent { Kind = EventKind.Processed, At = at, Info = "250 2.0.0 OK id=01jd9zq4n8w2c" }];
        var final = status is RecipientStatus.Processed or RecipientStatus.Cancelled ? 0 : 1;
        for (var i = 0; i < attempts - final; i++)
        {
            var when = at + TimeSpan.FromMilliseconds(740) + TimeSpan.FromMinutes(15 * i);
            var later = final == 0 && info is not null ? info : "451 4.7.1 Greylisted, please try again in 300 seconds";
            events.Add(new TimelineEvent
            {
                Kind = EventKind.Deferred,
                At = when,
                Info = later,
                Status = "4.7.1",
                NextAttemptAt = when + TimeSpan.FromMinutes(15),
                Attempt = AttemptAt(host, when, "RCPT TO", later),
            });
        }

        var end = events[^1].At + (attempts > 1 ? TimeSpan.FromMinutes(15) : TimeSpan.FromMilliseconds(640));
        TimelineEvent? last = status switch
        {
            RecipientStatus.Delivered => new() { Kind = EventKind.Delivered, At = end, Info = info ?? Reply, Status = "2.0.0" },
            RecipientStatus.HardBounced => new()
            {
                Kind = EventKind.HardBounced,
                At = end,
                Status = "5.1.1",
                Info = info ?? "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. 98e67ed59e1d1-29bc95d7",
            },
            RecipientStatus.SoftBounced => new() { Kind = EventKind.SoftBounced, At = end, Info = info ?? "552 5.2.2 Mailbox full", Status = "5.2.2" },
            RecipientStatus.Cancelled => new() { Kind = EventKind.Cancelled, At = end, Info = "Cancelled by an operator" },
            _ => null,
        };
        if (last is not null)
        {
            var step = last.Kind == EventKind.Delivered ? "." : "RCPT TO";
            events.Add(final == 1 ? last with { Attempt = AttemptAt(host, end, step, last.Info) } : last);
        }

        return events;
    }

    private static Attempt AttemptAt(string host, DateTimeOffset end, string step, string reply)
    {
        List<DialogueLine> dialogue =
        [
            new(0, Speaker.Note, $"MX {host[4..]}: 10 {host}, 20 mx2.{host[4..]} (TTL 300 s, from 192.0.2.53)"),
            new(4, Speaker.Note, $"Connected to 192.0.2.10:25 from 198.51.100.7"),
            new(31, Speaker.Server, $"220 {host} ESMTP"),
            new(31, Speaker.Client, "EHLO out1.waybill.example"),
            new(58, Speaker.Server, $"250-{host}\n250-PIPELINING\n250-SIZE 52428800\n250-STARTTLS\n250-8BITMIME\n250 DSN"),
            new(58, Speaker.Client, "STARTTLS"),
            new(85, Speaker.Server, "220 2.0.0 Ready to start TLS"),
            new(141, Speaker.Note, "TLS 1.3 TLS_AES_256_GCM_SHA384, certificate CN=*.example"),
            new(141, Speaker.Client, "EHLO out1.waybill.example"),
            new(168, Speaker.Server, $"250-{host}\n250-PIPELINING\n250 8BITMIME"),
            new(168, Speaker.Client, "MAIL FROM:<shop@brightwater.example> SIZE=10412 BODY=8BITMIME"),
            new(168, Speaker.Client, "RCPT TO:<" + "anna@" + host[4..] + ">"),
            new(203, Speaker.Server, "250 2.1.0 Ok"),
        ];
        if (step == ".")
        {
            dialogue.AddRange(
            [
                new(203, Speaker.Server, "250 2.1.5 Ok"), new(203, Speaker.Client, "DATA"), new(230, Speaker.Server, "354 End data with <CR><LF>.<CR><LF>"),
                new(231, Speaker.Note, "10412 octets of content (not kept here)"), new(231, Speaker.Client, "."),
            ]);
        }

        dialogue.Add(new(612, Speaker.Server, reply));
        return new Attempt
        {
            StartedAt = end - TimeSpan.FromMilliseconds(612),
            EndedAt = end,
            NextHop = host[4..],
            Host = host,
            Address = "192.0.2.10:25",
            SourceAddress = "198.51.100.7",
            ClientName = "out1.waybill.example",
            Dialogue = dialogue,
            SentOctets = step == "." ? 10_412 : 0,
            Tls = new TlsFacts("TLS 1.3", "TLS_AES_256_GCM_SHA384", $"CN={host}", "CN=Test CA", end + TimeSpan.FromDays(60), "9F86D081884C7D659A2FEAA0C55AD015"),
        };
    }
}
