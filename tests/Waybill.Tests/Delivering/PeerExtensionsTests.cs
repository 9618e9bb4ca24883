using Waybill.Mail.Smtp;

namespace Waybill.Tests.Delivering;

public class PeerExtensionsTests
{
    [Fact]
    public void Everything_the_client_uses_is_read_whatever_its_case() // RFC 5321 §4.1.1.1
    {
        var offered = PeerExtensions.Parse(new PeerReply(
            250,
            "250-mx.example greets you\n250-PIPELINING\n250-size 35882577\n250-8BITMIME\n250-StartTLS\n250-CHUNKING\n250-DSN\n250-SMTPUTF8\n250-LIMITS RCPTMAX=20 MAILMAX=5\n250 XWHATEVER"));

        Assert.Equal(
            new PeerExtensions
            {
                Pipelining = true,
                Size = true,
                MaxSizeOctets = 35_882_577,
                EightBitMime = true,
                StartTls = true,
                Chunking = true,
                Dsn = true,
                SmtpUtf8 = true,
                MaxRecipients = 20,
                MaxTransactions = 5,
            },
            offered);
    }

    [Theory]
    [InlineData("250-mx\n250 SIZE")]
    [InlineData("250-mx\n250 SIZE 0")]
    [InlineData("250-mx\n250 SIZE 99999999999999999999999")]
    public void A_SIZE_without_a_number_is_no_limit(string ehlo) // RFC 1870 §4
    {
        var offered = PeerExtensions.Parse(new PeerReply(250, ehlo));

        Assert.Equal((true, (long?)null), (offered.Size, offered.MaxSizeOctets));
    }

    [Fact]
    public void The_name_in_the_first_line_offers_nothing() =>
        Assert.Equal(PeerExtensions.None, PeerExtensions.Parse(new PeerReply(250, "250 PIPELINING")));
}
