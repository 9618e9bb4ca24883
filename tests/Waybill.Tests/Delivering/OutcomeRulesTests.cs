using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Delivering;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Delivering;

public class OutcomeRulesTests
{
    [Theory]
    [InlineData("550 5.1.1 no such user", EventKind.HardBounced)]
    [InlineData("550 5.1.2 bad domain", EventKind.HardBounced)]
    [InlineData("550 5.1.3 bad syntax", EventKind.HardBounced)]
    [InlineData("551 5.1.6 moved", EventKind.HardBounced)]
    [InlineData("556 5.1.10 null MX", EventKind.HardBounced)]
    [InlineData("550 5.2.1 disabled", EventKind.HardBounced)]
    [InlineData("550 no such user here", EventKind.HardBounced)]
    [InlineData("553 no such name", EventKind.HardBounced)]
    [InlineData("556 no mail here", EventKind.HardBounced)]
    [InlineData("550 5.0.0 no", EventKind.HardBounced)]
    [InlineData("552 5.2.2 full", EventKind.SoftBounced)]
    [InlineData("550 5.7.1 policy", EventKind.SoftBounced)]
    [InlineData("550 5.4.1 Recipient address rejected: Access denied", EventKind.SoftBounced)]
    [InlineData("550 5.1.8 bad sender", EventKind.SoftBounced)]
    [InlineData("554 listed", EventKind.SoftBounced)]
    [InlineData("450 4.2.0 greylisted", EventKind.Deferred)]
    [InlineData("450 user unknown, they say", EventKind.Deferred)]
    public void At_RCPT_the_codes_decide(string reply, EventKind kind) => // RFC 3463 §3, RFC 5321 §4.3.2
        Assert.Equal(kind, OutcomeRules.OfReply(DialogueStage.Rcpt, Reply(reply), isOnlyRecipient: false).Kind);

    [Theory]
    [InlineData(true, EventKind.HardBounced)]
    [InlineData(false, EventKind.SoftBounced)]
    public void After_the_data_an_unknown_user_is_believed_only_of_the_only_recipient(bool isOnly, EventKind kind) =>
        Assert.Equal(kind, OutcomeRules.OfReply(DialogueStage.EndOfData, Reply("550 5.1.1 no such user"), isOnly).Kind);

    [Fact]
    public void A_bare_550_after_the_data_is_about_the_message() =>
        Assert.Equal(EventKind.SoftBounced, OutcomeRules.OfReply(DialogueStage.EndOfData, Reply("550 rejected"), isOnlyRecipient: true).Kind);

    [Theory]
    [InlineData(DialogueStage.Greeting, "554 5.7.1 listed", "4.7.1")]
    [InlineData(DialogueStage.Ehlo, "550 go away", "4.3.2")]
    [InlineData(DialogueStage.Tls, "554 5.7.0 no", "4.7.0")]
    public void Before_MAIL_nothing_is_final(DialogueStage stage, string reply, string status) // §7.1
    {
        var verdict = OutcomeRules.OfReply(stage, Reply(reply), isOnlyRecipient: true);

        Assert.Equal((EventKind.Deferred, status, reply), (verdict.Kind, verdict.Status.ToString(), verdict.Info));
    }

    [Fact]
    public void A_route_that_cannot_be_found_now_is_never_final()
    {
        var verdict = OutcomeRules.OfRoute(new Route.Deferred(new(4, 4, 3), "DNS: no answer") { Name = "two.example" });

        Assert.Equal(EventKind.Deferred, verdict.Kind);
    }

    [Theory]
    [InlineData(1, 2, EventKind.HardBounced)]
    [InlineData(1, 10, EventKind.HardBounced)]
    [InlineData(4, 4, EventKind.SoftBounced)]
    [InlineData(4, 6, EventKind.SoftBounced)]
    public void A_domain_that_takes_no_mail_is_hard_and_one_that_is_set_wrong_is_soft(int subject, int detail, EventKind kind) =>
        Assert.Equal(kind, OutcomeRules.OfRoute(new Route.Unroutable(new(5, subject, detail), "DNS") { Name = "two.example" }).Kind);

    [Fact]
    public void When_the_lifetime_is_over_the_last_reply_becomes_a_soft_bounce()
    {
        var clock = new FakeTimeProvider(Given.Noon.AddHours(48));
        var recipient = Given.Recipients(Given.Envelope, Given.Noon, Given.Recipient("a@two.example"))[0];

        var outcome = Given.Judge(clock).Decide(recipient, OutcomeRules.OfReply(DialogueStage.Rcpt, Reply("451 4.7.1 greylisted"), true), clock.GetUtcNow());

        Assert.Equal((EventKind.SoftBounced, "451 4.7.1 greylisted", (DateTimeOffset?)null), (outcome.Kind, outcome.Info, outcome.NextAttemptAt));
    }

    [Fact]
    public void Recipients_of_one_message_that_fail_together_are_due_together()
    {
        var recipients = Given.To("a@two.example", "b@two.example");
        var verdict = OutcomeRules.OfReply(DialogueStage.Rcpt, Reply("451 4.7.1 later"), false);
        var judge = Given.Judge();

        var due = recipients.Select(recipient => judge.Decide(recipient, verdict, Given.Noon).NextAttemptAt).Distinct();

        Assert.Single(due);
    }

    private static PeerReply Reply(string text) => new(int.Parse(text[..3], System.Globalization.CultureInfo.InvariantCulture), text);
}
