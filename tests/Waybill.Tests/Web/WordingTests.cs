using Waybill.Engine.Recording;
using Waybill.Web.Access;
using Waybill.Web.Ui.Words;
using static Waybill.Tests.Web.Words;

namespace Waybill.Tests.Web;

public sealed class WordingTests
{
    [Fact]
    public void Delivered_is_told_as_accepted_by_the_host_and_promises_no_inbox()
    {
        var timeline = Timeline(RecipientStatus.Delivered, 1, null, Fact(EventKind.Processed), Fact(EventKind.Delivered, "250 Ok", "2.0.0", "mx1.d.example"));

        var headline = Headline.Of(timeline, Clock);

        Assert.Equal("Accepted by mx1.d.example at 13:55:00 UTC+01:00", headline.Text);
        Assert.Contains("only their side can see", headline.More, StringComparison.Ordinal);
        Assert.Equal("Accepted by mx1.d.example", Meaning.Title(timeline.Events[1]));
    }

    [Fact]
    public void A_waiting_message_says_why_and_until_when()
    {
        var timeline = Timeline(RecipientStatus.Processed, 2, Now.AddMinutes(12),
            Fact(EventKind.Processed), Fact(EventKind.Deferred, "451 4.7.1 Greylisted", "4.7.1", "mx1.d.example", Now.AddMinutes(12)));

        var headline = Headline.Of(timeline, Clock);

        Assert.Equal("Deferred after 2 attempts, still trying", headline.Text);
        Assert.Equal("mx1.d.example did not take it yet. The next attempt is due at 14:12:00 UTC+01:00, in 12 minutes.", headline.More);
    }

    [Fact]
    public void A_cut_connection_after_the_dot_is_told_as_unknown_not_as_a_failure()
    {
        var timeline = Timeline(RecipientStatus.Processed, 1, Now.AddMinutes(1), Fact(EventKind.Processed), Fact(EventKind.OutcomeUnknown, "Connection reset", host: "mx1.d.example"));

        var headline = Headline.Of(timeline, Clock);

        Assert.StartsWith("Outcome unknown", headline.Text, StringComparison.Ordinal);
        Assert.Contains("may or may not have taken it", headline.More, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EventKind.HardBounced, "550 5.1.1 whatever", "5.1.1", "There is no such mailbox at their side. This is final: no further attempt will be made.")]
    [InlineData(EventKind.SoftBounced, "552 5.2.2 whatever", "5.2.2", "The mailbox is full. No further attempt will be made.")]
    [InlineData(EventKind.HardBounced, "550 no such user", "", "They do not take mail for this mailbox, or not from us. This is final: no further attempt will be made.")]
    [InlineData(EventKind.SoftBounced, "No server answered", "", "The attempt did not get as far as an answer. No further attempt will be made.")]
    public void The_plain_line_follows_the_codes_never_the_prose(EventKind kind, string info, string status, string expected)
    {
        Assert.Equal(expected, Meaning.Of(Fact(kind, info, status), Clock));
    }

    [Fact]
    public void Every_kind_and_every_state_has_words_an_icon_and_a_colour()
    {
        var shown = Enum.GetValues<EventKind>().Select(Outcome.Of).Concat(Enum.GetValues<RecipientStatus>().Select(status => Outcome.Of(status, 1)));

        Assert.All(shown, outcome => Assert.False(string.IsNullOrEmpty(outcome.Label + outcome.Icon) || outcome.Tone.Length == 0));
        Assert.All(Enum.GetValues<EventKind>(), kind => Assert.NotEmpty(Meaning.Of(Fact(kind), Clock)));
        Assert.All(Enum.GetValues<RecipientStatus>(), status => Assert.NotEqual("", Headline.Of(Timeline(status, 1, null, Fact(EventKind.Processed)), Clock).Text));
    }

    [Fact]
    public void Instants_are_told_in_the_readers_zone_and_an_unknown_zone_is_UTC()
    {
        var other = new ReaderClock(new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Now), "Not/AZone");

        Assert.Equal("23 Nov 14:00:00", Clock.DayAndTime(Now));
        Assert.Equal("13:00:00 UTC", other.InWords(Now));
        Assert.Equal("13:00:00 UTC on 22 Nov", other.InWords(Now.AddDays(-1)));
        Assert.Equal("2026-11-23 13:00:00.000 UTC", ReaderClock.Utc(Now));
    }

    [Theory]
    [InlineData(null, "/")]
    [InlineData("/reports/activity?recipient=a@b.example", "/reports/activity?recipient=a@b.example")]
    [InlineData("//elsewhere.example", "/")]
    [InlineData("/\\elsewhere.example", "/")]
    [InlineData("https://elsewhere.example", "/")]
    [InlineData("/\t/elsewhere.example", "/")]
    public void The_door_leads_only_into_the_house(string? back, string expected) => Assert.Equal(expected, SignIn.SafeReturn(back));

    [Theory]
    [InlineData("dark|light|Europe/Berlin", true, "Europe/Berlin")]
    [InlineData("system|dark|UTC", true, "UTC")]
    [InlineData("light|dark|UTC", false, "UTC")]
    [InlineData("nonsense", false, "UTC")]
    [InlineData(null, false, "UTC")]
    public void What_the_browser_tells_of_its_reader_is_read_with_care(string? cookie, bool dark, string zone)
    {
        var reader = Reader.Parse(cookie);

        Assert.Equal((dark, zone), (reader.IsDark, reader.Zone));
    }
}
