using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Waybill.EndToEnd.Harness;
using Waybill.EndToEnd.RealPeers;

namespace Waybill.EndToEnd;

/// <summary>Postfix and Exim receive, and their own logs agree with our timeline.</summary>
public sealed class RealReceivers
{
    [Theory]
    [InlineData("true", "^250 2\\.0\\.0 Ok: [0-9]+ bytes queued as [0-9A-Za-z]+$")]
    [InlineData("false", "^250 2\\.0\\.0 Ok: queued as [0-9A-Za-z]+$")]
    public async Task The_timeline_holds_the_reply_of_Postfix_and_its_queue_id_stands_in_the_log_of_Postfix(string chunking, string confirmation)
    {
        await using var postfix = await PostfixHost.StartAsync();
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(
            ServerSetup.Trusted(data.Path).To(postfix.EndPoint).Set("Waybill:Client:UseChunking", chunking));

        var id = await Submit.AcceptedAsync(server.Trusted, "To Postfix", "anna@postfix.example");
        var mail = await Trace.UntilStatusAsync(data.Path, id, "delivered");

        Assert.Matches(confirmation, mail.Last.Info);
        Assert.Matches("^TLS 1\\.[23] ", mail.Last.Tls!);
        var queueId = mail.Last.Info[(mail.Last.Info.LastIndexOf(' ') + 1)..];
        await Eventually.TrueAsync(
            () => postfix.Log.Contains($"{queueId}: to=<anna@postfix.example>, relay=virtual", StringComparison.Ordinal), TimeSpan.FromSeconds(20), $"Postfix logs the delivery of {queueId}");
        Assert.Contains($"{queueId}: message-id={mail.MessageId}", postfix.Log, StringComparison.Ordinal);
        Assert.Equal(id, (await Trace.UntilAsync(data.Path, queueId, _ => true, "is found by the queue id")).EmailId);
    }

    [Fact]
    public async Task Postfix_gets_every_octet_of_a_message_with_dots_8_bit_text_and_long_content()
    {
        await using var postfix = await PostfixHost.StartAsync();
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(postfix.EndPoint));
        var body = ". one\r\n.. two\r\n...\r\nGrüße aus Köln\r\n" + string.Concat(Enumerable.Range(0, 40_000).Select(line => $"{line} abcdefghijklmnopqrstuvwxyz\r\n.{line}\r\n"));

        var reply = await Submit.TryAsync(
            server.Trusted, "", ["ben@postfix.example"], content: Submit.Message("Every octet", text: body.TrimEnd('\n').TrimEnd('\r')));
        await Trace.UntilStatusAsync(data.Path, Submit.IdIn(reply.Text), "delivered");

        await Eventually.TrueAsync(() => postfix.Mail.Count == 1, TimeSpan.FromSeconds(20), "the message is in the maildir");

        // A maildir has LF for every line end.
        var kept = Encoding.UTF8.GetString(postfix.Mail[0]);
        var keptBody = kept[(kept.IndexOf("\n\n", StringComparison.Ordinal) + 2)..];
        Assert.Equal(Hash(body.Replace("\r\n", "\n", StringComparison.Ordinal)), Hash(keptBody));
        Assert.Contains("by mail.waybill.test (Waybill) with ESMTP id " + Submit.IdIn(reply.Text), kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postfix_takes_an_address_in_UTF8_and_refuses_an_unknown_one()
    {
        await using var postfix = await PostfixHost.StartAsync();
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(postfix.EndPoint));

        var run = await WaybillCommand.RunAsync(
            "send", "--data", data.Path, "--from", "größe@shop.test", "--to", "jörg@postfix.example", "--to", "nobody@postfix.example", "--subject", "Größe", "--text", "x");
        var id = Submit.IdIn(run.Output.Trim());

        await Trace.UntilAsync(data.Path, id, mail => mail.Recipient == "jörg@postfix.example" && mail.Status == "delivered", "is delivered");
        var refused = await Trace.UntilAsync(data.Path, id, mail => mail.Recipient == "nobody@postfix.example" && mail.Status == "hard-bounced", "is refused");
        Assert.Contains("User unknown in virtual mailbox table", refused.Last.Info, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => postfix.Mail.Count == 1, TimeSpan.FromSeconds(20), "one message is in the maildir");
    }

    [Fact]
    public async Task Postfix_takes_many_messages_over_few_connections()
    {
        await using var postfix = await PostfixHost.StartAsync();
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(
            ServerSetup.Trusted(data.Path).To(postfix.EndPoint).Set("Waybill:Delivery:MaxConnectionsToSmartHost", "4"));
        var source = Tool.Need("smtp-source");

        var run = await Tool.RunAsync(source, ["-s", "8", "-m", "200", "-l", "3000", "-f", "load@shop.test", "-t", "anna@postfix.example", server.Trusted.ToString()]);

        Assert.True(run.ExitCode == 0, run.ToString());
        await Eventually.TrueAsync(() => postfix.Mail.Count == 200, TimeSpan.FromSeconds(60), "200 messages are in the maildir");
        Assert.InRange(Regex.Count(postfix.Log, ": connect from "), 1, 40);
    }

    [Fact]
    public async Task The_timeline_holds_the_reply_of_Exim_and_its_id_stands_in_the_log_of_Exim()
    {
        await using var exim = await EximHost.StartAsync();
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(exim.EndPoint));

        var id = await Submit.AcceptedAsync(server.Trusted, "To Exim", "anna@exim.example", "nobody@exim.example");
        var mail = await Trace.UntilAsync(data.Path, id, one => one.Recipient == "anna@exim.example" && one.Status == "delivered", "is delivered");
        var refused = await Trace.UntilAsync(data.Path, id, one => one.Recipient == "nobody@exim.example" && one.Status == "hard-bounced", "is refused");

        var said = Regex.Match(mail.Last.Info, "^250- [0-9]+ byte chunk, total [0-9]+\\n250 OK id=([0-9A-Za-z-]+)$");
        Assert.True(said.Success, mail.Last.Info);
        Assert.Equal("550 Unrouteable address", refused.Last.Info);
        Assert.Matches("^TLS 1\\.[23] ", mail.Last.Tls!);
        await Eventually.TrueAsync(() => exim.Mail.Count == 1, TimeSpan.FromSeconds(20), "the message is in the maildir of Exim, whose log has:\n" + exim.Log);
        await Eventually.TrueAsync(
            () => exim.Log.Contains($"{said.Groups[1].Value} => anna", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "Exim logs the delivery");
        Assert.Contains($"id={mail.MessageId.Trim('<', '>')}", exim.Log, StringComparison.Ordinal);
        Assert.Equal(id, (await Trace.UntilAsync(data.Path, said.Groups[1].Value, _ => true, "is found by the id of Exim")).EmailId);
    }

    private static string Hash(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
