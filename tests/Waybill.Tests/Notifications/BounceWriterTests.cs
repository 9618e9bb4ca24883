using System.Buffers;
using System.Text;
using CsCheck;
using MimeKit;
using Waybill.Mail.Addressing;
using Waybill.Mail.Notifications;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Notifications;

public class BounceWriterTests
{
    private const string Original = "From: Ann <ann@one.example>\r\nSubject: Minutes\r\nMessage-ID: <1@one.example>\r\n\r\nThe body.\r\n";

    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private static readonly FailedRecipient Unknown = new()
    {
        FinalRecipient = ForwardPath.Parse("bob@two.example"),
        OriginalRecipient = "rfc822;robert@three.example",
        Status = new EnhancedStatusCode(5, 1, 1),
        RemoteMta = "mx.two.example",
        Diagnostic = "550-5.1.1 <bob@two.example>\n550 5.1.1 no such user",
        IsReply = true,
        LastAttemptAt = Noon.AddMinutes(1),
    };

    [Fact]
    public void The_report_has_its_three_parts_and_the_fields_of_RFC_3464()
    {
        var (message, _) = Write(Report(Unknown) with { EnvelopeId = "QQ 1" });

        var report = Assert.IsType<MultipartReport>(message.Body);
        Assert.Equal(("delivery-status", 3), (report.ReportType, report.Count));
        var status = Assert.IsType<MessageDeliveryStatus>(report[1]).StatusGroups;
        Assert.Equal("dns; out.one.example", status[0]["Reporting-MTA"]);
        Assert.Equal("QQ 1", status[0]["Original-Envelope-Id"]);
        Assert.Equal("Fri, 20 Nov 2026 12:00:00 +0000", status[0]["Arrival-Date"]);
        Assert.Equal("rfc822; robert@three.example", status[1]["Original-Recipient"]);
        Assert.Equal("rfc822; bob@two.example", status[1]["Final-Recipient"]);
        Assert.Equal(("failed", "5.1.1"), (status[1]["Action"], status[1]["Status"]));
        Assert.Equal("dns; mx.two.example", status[1]["Remote-MTA"]);
        Assert.Equal("smtp; 550 5.1.1 <bob@two.example> 5.1.1 no such user", status[1]["Diagnostic-Code"]);
        Assert.Equal("Fri, 20 Nov 2026 12:01:00 +0000", status[1]["Last-Attempt-Date"]);
    }

    [Fact]
    public void No_machine_answers_it_and_a_thread_finds_it() // RFC 3834 §5, RFC 5322 §3.6.4
    {
        var (message, _) = Write(Report(Unknown));

        Assert.Equal("auto-replied", message.Headers["Auto-Submitted"]);
        Assert.Equal("1@one.example", message.InReplyTo);
        Assert.Equal(("Not delivered: Protokoll – März", "ann@one.example"), (message.Subject, message.To.ToString()));
    }

    [Fact]
    public void People_read_which_address_what_the_server_said_and_what_to_do()
    {
        var (message, _) = Write(Report(Unknown));

        var text = message.TextBody;
        Assert.Contains("\"Protokoll – März\"", text, StringComparison.Ordinal);
        Assert.Contains("  bob@two.example", text, StringComparison.Ordinal);
        Assert.Contains("There is no such address at the recipient's server.", text, StringComparison.Ordinal);
        Assert.Contains("      550 5.1.1 no such user", text, StringComparison.Ordinal);
        Assert.Contains("Check the spelling", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_recipients_stand_in_one_report()
    {
        var full = Unknown with
        {
            FinalRecipient = ForwardPath.Parse("eve@two.example"),
            Status = new EnhancedStatusCode(4, 2, 2),
            Diagnostic = "452 4.2.2 full",
            TimeIsOver = true,
            Attempts = 9,
        };

        var (message, _) = Write(Report(Unknown, full));

        var status = Status(message);
        Assert.Equal(["5.1.1", "4.2.2"], status.Skip(1).Select(group => group["Status"]));
        Assert.Contains("It was tried 9 times until its time was over.", message.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public void The_header_comes_back_unless_the_whole_message_was_asked_for_and_is_small() // RFC 3461 §4.3
    {
        var (headers, _) = Write(Report(Unknown));
        var (full, _) = Write(Report(Unknown) with { ReturnsContent = true });
        var (large, _) = Write(Report(Unknown) with { ReturnsContent = true }, Original + new string('x', 60_000));

        Assert.Equal("text/rfc822-headers", Returned(headers).ContentType.MimeType);
        Assert.DoesNotContain("The body.", headers.ToString(), StringComparison.Ordinal);
        Assert.Equal("The body.", Assert.IsType<MessagePart>(Returned(full)).Message!.TextBody?.Trim());
        Assert.Equal("text/rfc822-headers", Returned(large).ContentType.MimeType);
    }

    [Fact]
    public void An_international_address_is_told_in_a_report_that_every_server_can_carry() // RFC 6533 §3
    {
        var (message, needsEightBit) = Write(Report(Unknown with { FinalRecipient = ForwardPath.Parse("jürgen@two.example"), OriginalRecipient = "utf-8;jürgen@two.example" }));

        var status = Status(message);
        Assert.Equal(@"utf-8; j\x{FC}rgen@two.example", status[1]["Final-Recipient"]);
        Assert.Equal(@"utf-8; j\x{FC}rgen@two.example", status[1]["Original-Recipient"]);
        Assert.Contains("jürgen@two.example", message.TextBody, StringComparison.Ordinal);
        Assert.False(needsEightBit);
    }

    [Fact]
    public void Eight_bit_octets_that_come_back_are_declared()
    {
        var (message, needsEightBit) = Write(Report(Unknown), "Subject: grüße\r\n\r\nx\r\n");

        Assert.True(needsEightBit);
        Assert.Equal("message/global-headers", Returned(message).ContentType.MimeType);
    }

    [Fact]
    public void What_this_server_saw_is_not_passed_off_as_a_reply() // RFC 3464 §2.3.6
    {
        var (message, _) = Write(Report(Unknown with { IsReply = false, RemoteMta = null, Diagnostic = "DNS: the domain two.example does not exist", Status = null }));

        var group = Status(message)[1];
        Assert.Equal(("X-Waybill; DNS: the domain two.example does not exist", "5.0.0"), (group["Diagnostic-Code"], group["Status"]));
        Assert.False(group.Contains("Remote-MTA"));
    }

    [Fact]
    public void Whatever_a_server_says_the_report_keeps_its_shape_and_its_line_lengths() => // RFC 5322 §2.1.1
        Gen.Frequency((5, Gen.String[Gen.Char.AlphaNumeric, 0, 1500]), (2, Gen.Const("\r\n\r\nX-Evil: 1\r\n--=_report")), (2, Gen.Const(" ")), (1, Gen.Const("\n550 ümlaut\0")))
            .List[1, 6].Sample(
                parts =>
                {
                    var (message, _, octets) = WriteOctets(Report(Unknown with { Diagnostic = "550 " + string.Concat(parts) }), Original);
                    Assert.Equal(3, Assert.IsType<MultipartReport>(message.Body).Count);
                    Assert.Equal(2, Status(message).Count);
                    Assert.All(Encoding.UTF8.GetString(octets).Split("\r\n"), line => Assert.True(Encoding.UTF8.GetByteCount(line) <= 998));
                    Assert.True(DotStuffer.HasStrictLines(octets));
                },
                iter: 300);

    private static HeaderListCollection Status(MimeMessage message) =>
        Assert.IsType<MessageDeliveryStatus>(Assert.IsType<MultipartReport>(message.Body)[1]).StatusGroups;

    private static MimeEntity Returned(MimeMessage message) => Assert.IsType<MultipartReport>(message.Body)[2];

    private static BounceReport Report(params FailedRecipient[] recipients) => new()
    {
        ReportingMta = "out.one.example",
        To = Mailbox.Parse("ann@one.example"),
        MessageId = "<b1@out.one.example>",
        Date = Noon.AddMinutes(2),
        ArrivedAt = Noon,
        OriginalSubject = "Protokoll – März",
        OriginalMessageId = "<1@one.example>",
        Recipients = recipients,
    };

    private static (MimeMessage Message, bool NeedsEightBit) Write(BounceReport report, string original = Original)
    {
        var (message, needs, _) = WriteOctets(report, original);
        return (message, needs);
    }

    private static (MimeMessage Message, bool NeedsEightBit, byte[] Octets) WriteOctets(BounceReport report, string original)
    {
        var output = new ArrayBufferWriter<byte>();
        var octets = Encoding.UTF8.GetBytes(original);
        var needs = BounceWriter.Write(report, octets, octets.Length, output);
        return (MimeMessage.Load(new MemoryStream(output.WrittenSpan.ToArray()), TestContext.Current.CancellationToken), needs, output.WrittenSpan.ToArray());
    }
}
