using System.Text;
using CsCheck;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Mail;

public sealed class SmtpCommandParserTests
{
    [Theory]
    [InlineData("MAIL FROM:<customer/department=shipping@client.example>", "customer/department=shipping@client.example")]
    [InlineData("mail from:<\"John Smith\"@client.example>", "\"John Smith\"@client.example")]
    [InlineData("MAIL FROM:<\"a@b\"@client.example>", "\"a@b\"@client.example")]
    [InlineData("MAIL FROM:<\"a>b\"@client.example>", "\"a>b\"@client.example")]
    [InlineData("MAIL FROM: <user@client.example>", "user@client.example")]
    [InlineData("MAIL FROM:<user@[192.0.2.1]>", "user@[192.0.2.1]")]
    [InlineData("MAIL FROM:<user@[IPv6:2001:db8::1]>", "user@[IPv6:2001:db8::1]")]
    [InlineData("MAIL FROM:<@relay.example,@two.example:user@Client.Example>", "user@client.example")]
    [InlineData("MAIL FROM:<>", "")]
    public void A_reverse_path_is_read_as_it_was_meant(string line, string path) =>
        Assert.Equal(path, Assert.IsType<SmtpCommand.Mail>(Parse(line)).ReversePath.ToString());

    [Theory]
    [InlineData("MAIL FROM:user@client.example", 501)]
    [InlineData("MAIL FROM:<user@client.example", 501)]
    [InlineData("MAIL FROM:<a\\b@client.example>", 553)]
    [InlineData("MAIL FROM:<user@[300.1.2.3]>", 553)]
    [InlineData("MAIL FROM:<user@-client.example>", 553)]
    [InlineData("MAIL FROM:<a..b@client.example>", 553)]
    [InlineData("MAIL FROM:<user@client.example> X-UNKNOWN=1", 555)]
    [InlineData("MAIL FROM:<user@client.example> SIZE=abc", 501)]
    [InlineData("MAIL FROM:<user@client.example> BODY=9BIT", 501)]
    [InlineData("MAIL FROM:<user@client.example> RET=SOME", 501)]
    [InlineData("MAIL FROM:<user@client.example> RET=FULL RET=HDRS", 501)]
    [InlineData("MAIL FROM:<user@client.example> SMTPUTF8=1", 501)]
    [InlineData("MAIL FROM:<bücher@client.example>", 553)]
    [InlineData("RCPT TO:<>", 553)]
    [InlineData("RCPT TO:<@here.example:victim@elsewhere.example>", 550)]
    [InlineData("RCPT TO:<a@b.example> NOTIFY=NEVER,FAILURE", 501)]
    [InlineData("RCPT TO:<a@b.example> ORCPT=rfc822;a+0D+0ARCPT+20TO:x", 501)]
    [InlineData("BDAT 12x", 501)]
    [InlineData("BDAT -1", 501)]
    [InlineData("EHLO", 501)]
    [InlineData("DATA now", 501)]
    [InlineData("XYZZY", 500)]
    [InlineData("MAIL FROM:<a@b.example>\0", 500)]
    public void What_breaks_the_grammar_is_refused_with_its_own_code(string line, int code) =>
        Assert.Equal(code, Assert.IsType<SmtpCommand.Faulty>(Parse(line)).Reply.Code);

    [Fact]
    public void Parameters_are_read_whatever_their_order_and_case()
    {
        var mail = Assert.IsType<SmtpCommand.Mail>(Parse("MAIL FROM:<a@b.example> ret=hdrs ENVID=QQ+2B314 size=10240 BODY=8bitmime SMTPUTF8 AUTH=<>"));

        Assert.Equal(("HDRS", "QQ+314", 10_240L, true, true),
            (mail.Parameters.Return, mail.Parameters.EnvelopeId, mail.Parameters.SizeOctets, mail.Parameters.EightBitMime, mail.Parameters.SmtpUtf8));
    }

    [Fact]
    public void An_address_outside_ASCII_is_taken_with_SMTPUTF8()
    {
        var mail = Assert.IsType<SmtpCommand.Mail>(Parse("MAIL FROM:<jörg@bücher.example> SMTPUTF8")); // RFC 6531 §3.4

        Assert.Equal("jörg@xn--bcher-kva.example", mail.ReversePath.ToString());
    }

    [Fact]
    public void No_line_makes_it_throw() =>
        Gen.OneOf(
            Gen.Byte.Array[0, 80],
            Gen.String[Gen.Char["MAILFROMRCPTO:<>@.[]\"\\ =;+,abé1"], 0, 60].Select(text => Encoding.UTF8.GetBytes("MAIL FROM:" + text)))
        .Sample(octets => Assert.NotNull(SmtpCommandParser.Parse(octets)), iter: 20_000);

    private static SmtpCommand Parse(string line) => SmtpCommandParser.Parse(Encoding.UTF8.GetBytes(line));
}
