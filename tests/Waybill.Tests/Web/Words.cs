using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;
using Waybill.Web.Ui.Words;

namespace Waybill.Tests.Web;

/// <summary>Timelines to put into words, seen at two in the afternoon in Berlin.</summary>
internal static class Words
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 13, 0, 0, TimeSpan.Zero);

    public static readonly ReaderClock Clock = new(new FakeTimeProvider(Now), "Europe/Berlin");

    public static TimelineEvent Fact(
        EventKind kind, string info = "", string status = "", string host = "", DateTimeOffset? next = null, DateTimeOffset? at = null) => new()
        {
            Kind = kind,
            At = at ?? Now.AddMinutes(-5),
            Info = info,
            Status = status,
            NextAttemptAt = next,
            Attempt = host.Length > 0 ? new Attempt { StartedAt = Now, EndedAt = Now, Host = host } : null,
        };

    public static RecipientTimeline Timeline(RecipientStatus status, int attempts, DateTimeOffset? due, params TimelineEvent[] events) => new()
    {
        Row = new ActivityRow
        {
            Id = new RecipientId(1),
            EmailId = new EmailId(1),
            AcceptedAt = Now.AddMinutes(-10),
            Status = status,
            Attempts = attempts,
            DueAt = due,
            Sender = "a@b.example",
            Recipient = "c@d.example",
            Subject = "Hello",
            MessageId = "<1@b.example>",
            LastEventAt = events[^1].At,
            LastInfo = events[^1].Info,
        },
        Recipient = new EnvelopeRecipient(ForwardPath.Parse("c@d.example")),
        Envelope = new Envelope(ReversePath.Null),
        Headers = new HeaderFacts(),
        Facts = new SubmissionFacts { ClientAddress = "192.0.2.1", Protocol = "ESMTP" },
        SizeOctets = 1,
        Siblings = [],
        Events = events,
    };
}
