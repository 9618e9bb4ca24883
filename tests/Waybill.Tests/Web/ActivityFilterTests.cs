using CsCheck;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;
using Waybill.Web.Ui.Pages.Activity;

namespace Waybill.Tests.Web;

public sealed class ActivityFilterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 14, 0, 0, TimeSpan.Zero);

    // Trimmed and not empty: an address carries no other text.
    private static readonly Gen<string?> Texts = Gen.OneOf<string?>(
        Gen.Const((string?)null), Gen.String[Gen.Char["aB9 &=?#%+,;@<>\"'äあ"], 1, 20].Select(text => text.Trim()).Where(text => text.Length > 0).Select(text => (string?)text));

    private static readonly Gen<ActivityFilter> Filters = Gen.Select(
        Gen.Select(Texts, Texts, Texts, Texts),
        Gen.Shuffle(ActivityFilter.States.ToArray(), 0, 3),
        Gen.OneOf<string?>(Gen.Const((string?)null), Gen.OneOf(ActivityFilter.Ranges.Keys.Select(range => Gen.Const((string?)range)).ToArray())),
        Gen.Long[0, long.MaxValue].Nullable(),
        Gen.Int[0, 1_000_000].Nullable(),
        (texts, states, range, before, from) => new ActivityFilter
        {
            Recipient = texts.Item1 is null ? null : "a@" + texts.Item1,
            Subject = texts.Item2,
            Reply = texts.Item3,
            MessageId = texts.Item4,
            Status = states,
            Range = range,
            Before = before is { } value ? new RecipientId(value) : null,
            From = from is { } seconds ? Now.AddSeconds(seconds) : null,
        });

    [Fact]
    public void An_address_brings_back_the_filter_it_was_made_from() =>
        Filters.Sample(filter =>
        {
            var read = ActivityFilter.Parse(filter.ToQuery());
            return read.Status.SequenceEqual(filter.Status) && read with { Status = filter.Status } == filter;
        });

    [Fact]
    public void What_makes_no_sense_in_an_address_is_left_out()
    {
        var filter = ActivityFilter.Parse("?status=delivered,nonsense&range=3y&from=yesterday&before=-1&unknown=x");

        Assert.Equal(["delivered"], filter.Status);
        Assert.Equal("?status=delivered", Uri.UnescapeDataString(filter.ToQuery()));
    }

    [Fact]
    public void A_bare_domain_means_everybody_there()
    {
        Assert.Equal("@example.com", ActivityFilter.Parse("?recipient=example.com").Recipient);
    }

    [Fact]
    public void Deferred_asks_for_waiting_recipients_with_failed_attempts()
    {
        var query = ActivityFilter.Parse("?status=deferred,hard-bounced").ToActivityQuery(1, Now, 50)!;

        Assert.Equal([RecipientStatus.Processed, RecipientStatus.HardBounced], query.Statuses);
        Assert.True(query.DeferredOnly);
    }

    [Fact]
    public void A_range_ends_now_and_goes_before_fixed_instants()
    {
        var query = ActivityFilter.Parse("?range=1h&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z").ToActivityQuery(1, Now, 50)!;

        Assert.Equal((Now.AddHours(-1), (DateTimeOffset?)null), (query.From!.Value, query.To));
    }

    [Fact]
    public void An_email_id_that_is_none_finds_nothing_instead_of_everything()
    {
        Assert.Null(ActivityFilter.Parse("?email-id=hello").ToActivityQuery(1, Now, 50));
    }
}
