using System.Text;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Mail;

public sealed class SmtpReplyTests
{
    [Fact]
    public void Two_codes_that_disagree_cannot_be_made() =>
        Assert.Throws<ArgumentException>(() => new SmtpReply(451, new(5, 4, 4), "no")); // RFC 3463 §2

    [Fact]
    public void Every_line_of_a_reply_carries_its_codes() =>
        Assert.Equal("550-5.1.1 one\r\n550 5.1.1 two\r\n", Encoding.ASCII.GetString(new SmtpReply(550, new(5, 1, 1), "one\ntwo").Wire)); // RFC 2034 §4

    [Theory]
    [InlineData("250 2.0.0 OK", "2.0.0")]
    [InlineData("550-5.1.1 The email account\n550 5.1.1 does not exist", "5.1.1")]
    [InlineData("250 OK", null)]
    [InlineData("450 5.1.1 mixed up", null)]
    public void A_peers_status_is_read_only_where_it_agrees_with_its_code(string text, string? status) =>
        Assert.Equal(status, new PeerReply(int.Parse(text.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture), text).Status?.ToString());

    [Fact]
    public void A_reply_on_one_line_loses_no_word() =>
        Assert.Equal("550 5.1.1 The account 5.1.1 is gone", new PeerReply(550, "550-5.1.1 The account\n550 5.1.1 is gone").OnOneLine);
}
