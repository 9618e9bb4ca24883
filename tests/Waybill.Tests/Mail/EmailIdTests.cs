using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Mail;

public sealed class EmailIdTests
{
    [Fact]
    public void An_id_read_back_from_its_text_is_the_same() =>
        Gen.Long[0, long.MaxValue].Sample(value => EmailId.TryParse(new EmailId(value).ToString(), out var id) && id.Value == value);

    [Fact]
    public void Ids_sort_as_their_texts_do() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((one, other) =>
            Math.Sign(one.CompareTo(other)) == Math.Sign(string.CompareOrdinal(new EmailId(one).ToString(), new EmailId(other).ToString())));

    [Theory]
    [InlineData("06jdytrk8000u")] // No u in this alphabet.
    [InlineData("06jdytrk8000")]
    [InlineData("zzzzzzzzzzzzz")] // More than 63 bits.
    public void What_is_no_id_is_not_taken_for_one(string text) => Assert.False(EmailId.TryParse(text, out _));

    [Fact]
    public void Recipients_of_two_messages_never_share_an_id()
    {
        var ids = new EmailIdSource(new FakeTimeProvider(EmailId.Epoch.AddDays(300)), node: 3, default);
        var seen = new HashSet<long>();

        foreach (var recipients in Enumerable.Range(1, 300))
        {
            var id = ids.Next(recipients);
            Assert.All(Enumerable.Range(0, recipients), place => Assert.True(seen.Add(RecipientId.Of(id, place).Value)));
        }
    }

    [Fact]
    public void A_clock_set_back_over_a_restart_repeats_no_id()
    {
        var clock = new FakeTimeProvider(EmailId.Epoch.AddDays(300));
        var last = new EmailIdSource(clock, 0, default).Next(10);
        var earlier = new FakeTimeProvider(EmailId.Epoch.AddDays(299));

        var next = new EmailIdSource(earlier, 0, new EmailId(last.Value + 9)).Next(1);

        Assert.True(next.Value > last.Value + 9);
    }

    [Fact]
    public void An_id_tells_its_time()
    {
        var at = new DateTimeOffset(2026, 11, 23, 14, 3, 22, 123, TimeSpan.Zero);

        Assert.Equal(at, new EmailIdSource(new FakeTimeProvider(at), 5, default).Next(1).At);
    }
}
