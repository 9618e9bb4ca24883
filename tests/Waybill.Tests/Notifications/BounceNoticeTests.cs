using Waybill.Engine.Delivering;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Tests.Delivering;

namespace Waybill.Tests.Notifications;

public class BounceNoticeTests
{
    [Theory] // RFC 3461 §4.1
    [InlineData(DsnNotify.Unspecified, true)]
    [InlineData(DsnNotify.Failure, true)]
    [InlineData(DsnNotify.Failure | DsnNotify.Delay, true)]
    [InlineData(DsnNotify.Success, false)]
    [InlineData(DsnNotify.Delay, false)]
    [InlineData(DsnNotify.Never, false)]
    public void The_sender_is_told_of_failures_unless_told_otherwise(DsnNotify notify, bool wanted) =>
        Assert.Equal(wanted, BounceNotice.IsWanted(Given.Envelope, notify));

    [Fact]
    public void Mail_with_the_null_reverse_path_is_never_reported_about() => // RFC 5321 §4.5.5
        Assert.False(BounceNotice.IsWanted(new Envelope(ReversePath.Null), DsnNotify.Failure));

    [Fact]
    public void Only_recipients_that_ended_in_failure_and_want_it_are_in_the_report()
    {
        var recipients = Given.Recipients(
            Given.Envelope with { Return = DsnReturn.Full, EnvelopeId = "id-1" },
            Given.Recipient("delivered@two.example"),
            Given.Recipient("deferred@two.example"),
            Given.Recipient("gone@two.example"),
            Given.Recipient("quiet@two.example") with { Notify = DsnNotify.Never });
        var record = Record(recipients, EventKind.Delivered, EventKind.Deferred, EventKind.HardBounced, EventKind.HardBounced);

        var report = BounceNotice.For(recipients, record, new HeaderFacts { Subject = "s" }, "out.one.example", "<b@x>", Given.Noon)!;

        Assert.Equal("gone@two.example", Assert.Single(report.Recipients).FinalRecipient.ToString());
        Assert.Equal((true, "id-1", true, "mx.two.example"), (report.ReturnsContent, report.EnvelopeId, report.Recipients[0].IsReply, report.Recipients[0].RemoteMta));
    }

    [Fact]
    public void Nothing_failed_is_nothing_to_report()
    {
        var recipients = Given.To("a@two.example");

        Assert.Null(BounceNotice.For(recipients, Record(recipients, EventKind.Deferred), new HeaderFacts(), "out", "<b@x>", Given.Noon));
    }

    private static AttemptRecord Record(IReadOnlyList<DueRecipient> recipients, params EventKind[] kinds) => new(
        new Attempt { StartedAt = Given.Noon, EndedAt = Given.Noon, Host = "mx.two.example" },
        [
            .. recipients.Select((recipient, i) => new RecipientOutcome
            {
                Id = recipient.Id, Kind = kinds[i], At = Given.Noon, Info = "550 5.1.1 no such user", Status = "5.1.1",
            }),
        ]);
}
