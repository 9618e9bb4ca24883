using System.Text;
using Waybill.Peers.Smtp;

namespace Waybill.Tests.Peers;

public sealed class ScriptedReceiverTests
{
    private static readonly byte[] Content = "Subject: hello\r\nMessage-ID: <1@sender.test>\r\n\r\n.dots\r\n..\r\nend\r\n"u8.ToArray();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_arrives_as_it_was_sent()
    {
        await using var receiver = ScriptedReceiver.Start();
        await using var client = await PlainClient.ConnectAsync(receiver.EndPoint, Stop);

        var reply = await client.SubmitAsync("a@sender.test", ["b@one.test", "c@two.test"], Content, Stop);

        var message = Assert.Single(receiver.Journal.Messages);
        Assert.Equal("250 2.0.0 Ok", reply.Text);
        Assert.Equal(("a@sender.test", "one.test", "two.test"), (message.ReversePath, message.Recipients[0].Domain, message.Recipients[1].Domain));
        Assert.Equal(Encoding.UTF8.GetString(Content), Encoding.UTF8.GetString(message.Content.Span));
        Assert.Equal("<1@sender.test>", message.HeaderField("message-id"));
        Assert.Equal(["EHLO client.test", "MAIL FROM:<a@sender.test>", "RCPT TO:<b@one.test>", "RCPT TO:<c@two.test>", "DATA"], receiver.Journal.Commands());
    }

    [Fact]
    public async Task Pipelined_commands_are_answered_in_their_order() // RFC 2920
    {
        await using var receiver = ScriptedReceiver.Start();
        await using var client = await GreetedAsync(receiver);

        await client.SendAsync("MAIL FROM:<>\r\nRCPT TO:<b@one.test>\r\nDATA\r\n"u8.ToArray(), Stop);

        var (mail, rcpt, data) = (await client.ReadReplyAsync(Stop), await client.ReadReplyAsync(Stop), await client.ReadReplyAsync(Stop));
        Assert.Equal((250, 250, 354), (mail.Code, rcpt.Code, data.Code));
        Assert.Equal("250 2.0.0 Ok", (await client.SendContentAsync(Content, Stop)).Text);
        Assert.DoesNotContain(receiver.Journal.Entries, e => e.Side == JournalSide.Remark);
    }

    [Fact]
    public async Task Pipelining_that_was_not_offered_is_remarked()
    {
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript { Offers = SmtpOffers.None });
        await using var client = await GreetedAsync(receiver);

        await client.SendAsync("MAIL FROM:<>\r\nRCPT TO:<b@one.test>\r\n"u8.ToArray(), Stop);
        await client.ReadReplyAsync(Stop);
        await client.ReadReplyAsync(Stop);

        Assert.Contains(receiver.Journal.Entries, e => e.Text == "pipelined though PIPELINING is not offered");
    }

    [Fact]
    public async Task Chunks_are_put_together() // RFC 3030
    {
        await using var receiver = ScriptedReceiver.Start();
        await using var client = await GreetedAsync(receiver);
        await client.SayAsync("MAIL FROM:<a@sender.test> BODY=BINARYMIME", Stop);
        await client.SayAsync("RCPT TO:<b@one.test>", Stop);

        await client.SendAsync("BDAT 5\r\n.\r\n.\r"u8.ToArray(), Stop);
        var first = await client.ReadReplyAsync(Stop);
        await client.SendAsync("BDAT 2 LAST\r\n\nx"u8.ToArray(), Stop);
        var last = await client.ReadReplyAsync(Stop);

        Assert.Equal(("250 2.0.0 5 octets received", "250 2.0.0 Ok"), (first.Text, last.Text));
        Assert.Equal(".\r\n.\r\nx", Encoding.UTF8.GetString(receiver.Journal.Messages.Single().Content.Span));
    }

    [Theory]
    [InlineData(SmtpOffers.SmtpUtf8, "MAIL FROM:<a@sender.test> SMTPUTF8")]
    [InlineData(SmtpOffers.EightBitMime, "MAIL FROM:<a@sender.test> BODY=8BITMIME")]
    [InlineData(SmtpOffers.Dsn, "MAIL FROM:<a@sender.test> RET=HDRS")]
    [InlineData(SmtpOffers.Size, "MAIL FROM:<a@sender.test> SIZE=10")]
    public async Task A_parameter_counts_only_where_its_extension_is_offered(SmtpOffers offer, string command)
    {
        await using var receiver = ScriptedReceiver.Start();
        await using var client = await GreetedAsync(receiver);

        var with = await client.SayAsync(command, Stop);
        await client.SayAsync("RSET", Stop);
        receiver.Script = receiver.Script with { Offers = SmtpOffers.All & ~offer };
        var without = await client.SayAsync(command, Stop);

        Assert.Equal((250, 555), (with.Code, without.Code));
    }

    [Fact]
    public async Task Starttls_leads_to_a_conversation_under_tls()
    {
        await using var receiver = ScriptedReceiver.Start();
        await using var client = await GreetedAsync(receiver);

        await client.StartTlsAsync("mx.receiver.test", Stop);
        var ehlo = await client.SayAsync("EHLO client.test", Stop);
        await client.SayAsync("MAIL FROM:<a@sender.test>", Stop);
        await client.SayAsync("RCPT TO:<b@one.test>", Stop);
        await client.SayAsync("DATA", Stop);
        await client.SendContentAsync(Content, Stop);

        Assert.DoesNotContain("STARTTLS", ehlo.Text, StringComparison.Ordinal);
        Assert.StartsWith("Tls1", receiver.Journal.Messages.Single().Session.Tls!.Version, StringComparison.Ordinal);
        Assert.Contains("CN=mx.receiver.test", client.Tls!.RemoteCertificate!.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recipient_can_be_scripted_by_address_and_by_local_part()
    {
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript
        {
            Recipients = new Dictionary<string, RecipientBehaviour>
            {
                ["no@one.test"] = new() { AtRcpt = (_, _) => Response.Say("550-5.1.1 Nobody\n550 5.1.1 here") },
                ["cut"] = new() { AtContent = (_, _) => Response.Drop },
            },
        });
        await using var client = await GreetedAsync(receiver);
        await client.SayAsync("MAIL FROM:<a@sender.test>", Stop);

        var no = await client.SayAsync("RCPT TO:<NO@One.test>", Stop);
        var elsewhere = await client.SayAsync("RCPT TO:<no@two.test>", Stop);
        var cut = await client.SayAsync("RCPT TO:<cut+tag@two.test>", Stop);
        await client.SayAsync("DATA", Stop);
        var end = await Record.ExceptionAsync(() => client.SendContentAsync(Content, Stop));

        Assert.Equal(("550-5.1.1 Nobody\n550 5.1.1 here", 250, 250), (no.Text, elsewhere.Code, cut.Code));
        Assert.IsType<EndOfStreamException>(end);
        Assert.Single(receiver.Journal.Messages);
    }

    [Fact]
    public async Task A_bare_line_feed_does_not_make_a_final_dot()
    {
        await using var receiver = ScriptedReceiver.Start();
        await using var client = await GreetedAsync(receiver);
        await client.SayAsync("MAIL FROM:<a@sender.test>", Stop);
        await client.SayAsync("RCPT TO:<b@one.test>", Stop);
        await client.SayAsync("DATA", Stop);

        await client.SendAsync("one\n.\r\ntwo\r\n.\r\n"u8.ToArray(), Stop);
        await client.ReadReplyAsync(Stop);

        Assert.Equal("one\n.\r\ntwo\r\n", Encoding.UTF8.GetString(receiver.Journal.Messages.Single().Content.Span));
    }

    [Fact]
    public async Task Counting_only_it_takes_thousands_of_messages_a_second()
    {
        await using var receiver = ScriptedReceiver.Start(options: ReceiverOptions.CountingOnly);
        const int Sessions = 8, Each = 500;

        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async _ =>
        {
            await using var client = await GreetedAsync(receiver);
            var batch = Encoding.ASCII.GetBytes("MAIL FROM:<a@sender.test>\r\nRCPT TO:<b@one.test>\r\nDATA\r\n");
            for (var i = 0; i < Each; i++)
            {
                await client.SendAsync(batch, Stop);
                await client.ReadReplyAsync(Stop);
                await client.ReadReplyAsync(Stop);
                await client.ReadReplyAsync(Stop);
                await client.SendContentAsync(Content, Stop);
            }
        }));

        Assert.Equal(Sessions * Each, receiver.Journal.Confirmed);
    }

    private static async Task<PlainClient> GreetedAsync(ScriptedReceiver receiver)
    {
        var client = await PlainClient.ConnectAsync(receiver.EndPoint, Stop);
        await client.ReadReplyAsync(Stop);
        await client.SayAsync("EHLO client.test", Stop);
        return client;
    }
}
