using System.Text;
using Waybill.Web.Ui.Mail;

namespace Waybill.Tests.Web;

public sealed class MailReadingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Header_fields_stand_as_they_came_folds_included()
    {
        var content = await ReadAsync("Subject: =?utf-8?q?caf=C3=A9?=\r\nReceived: from a\r\n by b; Mon, 23 Nov 2026 13:03:21 +0000\r\n\r\nHello\r\n");

        Assert.Equal(new HeaderLine("Subject", "=?utf-8?q?caf=C3=A9?="), content.Headers[0]);
        Assert.Equal("from a\r\n by b; Mon, 23 Nov 2026 13:03:21 +0000", content.Headers[1].Value);
    }

    [Fact]
    public async Task Content_fields_of_the_header_stand_among_the_others()
    {
        var content = await ReadAsync("From: a@shop.test\r\nContent-Type: text/plain\r\nSubject: Hello\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n");

        Assert.Equal(["From", "Content-Type", "Subject", "Content-Transfer-Encoding"], content.Headers.Select(line => line.Name));
    }

    [Fact]
    public async Task A_large_message_is_read_in_part_and_says_so()
    {
        var octets = Encoding.ASCII.GetBytes("Subject: Large\r\n\r\n" + new string('x', 3 * 1024 * 1024));

        var content = await MailReading.ReadAsync(new MemoryStream(octets), octets.Length, Token);

        Assert.True(content.IsCut);
        Assert.Equal("Subject", Assert.Single(content.Headers).Name);
        Assert.True(content.Source.Length <= MailContent.MostCharacters);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0\0\0\0")]
    [InlineData("no header at all, just words\r\nand more\r\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")]
    [InlineData("Content-Type: text/html; charset=klingon\r\n\r\n<p>x</p>")]
    [InlineData("Content-Transfer-Encoding: base64\r\n\r\n!!!!")]
    public async Task Whatever_a_stranger_wrote_its_source_can_be_seen(string message)
    {
        Assert.Equal(message, (await ReadAsync(message)).Source);
    }

    [Fact]
    public async Task Octets_that_are_no_UTF_8_are_not_hidden()
    {
        byte[] octets = [.. "Subject: caf"u8, 0xE9, .. "\r\n\r\n"u8];

        var content = await MailReading.ReadAsync(octets, octets.Length, Token);

        Assert.Contains("café", content.Source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attachments_are_listed_and_the_body_is_not_one()
    {
        var content = await ReadAsync(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
            + "--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=\"../../a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n");

        Assert.Equal(new MailFile("../../a.pdf", "application/pdf", 3), Assert.Single(content.Files));
        Assert.Equal("Hello", content.Text?.Trim());
    }

    private static Task<MailContent> ReadAsync(string message)
    {
        var octets = Encoding.UTF8.GetBytes(message);
        return MailReading.ReadAsync(octets, octets.Length, Token);
    }
}
