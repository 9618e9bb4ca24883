using System.Text.Json;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd;

/// <summary>The command line: what scripts rely on.</summary>
public sealed class Verbs
{
    [Fact]
    public async Task Trace_finds_a_message_by_email_id_Message_ID_recipient_and_reply_id()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript { OnContent = _ => Response.Say("250 2.0.0 Ok: queued as 4bXyZ1Q2w3e4") });
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint));
        var id = await Submit.AcceptedAsync(server.Trusted, "Found by four terms", "anna@receiver.test");
        var traced = await Trace.UntilStatusAsync(data.Path, id, "delivered");

        Assert.Equal("250 2.0.0 Ok: queued as 4bXyZ1Q2w3e4", traced.Last.Info);
        foreach (var term in new[] { traced.MessageId, "anna@receiver.test", "4bXyZ1Q2w3e4" })
        {
            await Trace.UntilAsync(data.Path, term, mail => mail.EmailId == id, "is the message");
        }
    }

    [Fact]
    public async Task Trace_as_JSON_has_the_names_that_scripts_rely_on()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint));
        var id = await Submit.AcceptedAsync(server.Trusted, "Names", "a@receiver.test", "b@receiver.test");
        await Trace.UntilAsync(data.Path, id, mail => mail.Recipient == "a@receiver.test" && mail.Status == "delivered", "a is delivered");
        await Trace.UntilAsync(data.Path, id, mail => mail.Recipient == "b@receiver.test" && mail.Status == "delivered", "b is delivered");

        var run = await WaybillCommand.RunAsync("trace", id, "--data", data.Path, "--json");
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(2, lines.Length);
        using var line = JsonDocument.Parse(lines[0]);
        var mail = line.RootElement;
        Assert.Equal(id, mail.GetProperty("email_id").GetString());
        Assert.Equal("sender@shop.test", mail.GetProperty("sender").GetString());
        Assert.Equal("Names", mail.GetProperty("subject").GetString());
        Assert.StartsWith("<", mail.GetProperty("message_id").GetString(), StringComparison.Ordinal);
        Assert.Equal("delivered", mail.GetProperty("status").GetString());
        Assert.Equal(["processed", "delivered"], mail.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("event").GetString()));
        var delivered = mail.GetProperty("events")[1];
        Assert.StartsWith("250 ", delivered.GetProperty("info").GetString(), StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", delivered.GetProperty("host").GetString());
        Assert.Equal("127.0.0.1", delivered.GetProperty("ip").GetString());
        Assert.StartsWith("TLS", delivered.GetProperty("tls").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.True(delivered.GetProperty("time").GetDateTimeOffset() >= mail.GetProperty("events")[0].GetProperty("time").GetDateTimeOffset());
    }

    [Fact]
    public async Task Trace_shows_the_newest_message_first()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).With("--smart-host", "127.0.0.1:9"));
        foreach (var subject in new[] { "first", "second", "third" })
        {
            await Submit.AcceptedAsync(server.Trusted, subject, "same@receiver.test");
        }

        await Eventually.TrueAsync(async () => (await Trace.OfAsync(data.Path, "same@receiver.test")).Count == 3, TimeSpan.FromSeconds(20), "all three are found");
        Assert.Equal(["third", "second", "first"], (await Trace.OfAsync(data.Path, "same@receiver.test")).Select(mail => mail.Subject));
    }

    [Fact]
    public async Task Trace_exits_with_1_for_what_it_does_not_know_and_with_2_for_wrong_use()
    {
        using var data = new TempDirectory();
        await using (await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path)))
        {
            Assert.Equal(1, (await WaybillCommand.RunAsync("trace", "nobody@nowhere.test", "--data", data.Path, "--json")).ExitCode);
            Assert.Equal(2, (await WaybillCommand.RunAsync("trace", "--data", data.Path, "--json")).ExitCode);
            Assert.Equal(2, (await WaybillCommand.RunAsync("trace", "term", "--no-such-option", "--data", data.Path)).ExitCode);
        }

        var nowhere = await WaybillCommand.RunAsync("trace", "term", "--data", data["none"], "--json");
        Assert.Equal(2, nowhere.ExitCode);
        Assert.Contains("--data", nowhere.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_reads_what_a_stopped_server_left()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start();
        string id;
        await using (var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint)))
        {
            id = await Submit.AcceptedAsync(server.Trusted, "Read later", "anna@receiver.test");
            await Trace.UntilStatusAsync(data.Path, id, "delivered");
            await server.StopAsync();
        }

        Assert.Equal("delivered", Assert.Single(await Trace.OfAsync(data.Path, id)).Status);
        Assert.Single(await Trace.OfAsync(data.Path, "anna@receiver.test"));
    }

    [Fact]
    public async Task Send_submits_a_message_with_text_HTML_and_an_attachment()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint));
        await File.WriteAllTextAsync(data["terms.txt"], "The terms.", TestContext.Current.CancellationToken);

        var run = await WaybillCommand.RunAsync(
            "send", "--data", data.Path, "--from", "shop@shop.test", "--to", "anna@receiver.test", "--to", "ben@receiver.test",
            "--subject", "Größe", "--text", "Hello", "--html", "<p>Hello</p>", "--attach", data["terms.txt"]);

        Assert.True(run.ExitCode == 0, run.ToString());
        var id = Submit.IdIn(run.Output.Trim());
        Assert.Equal("Größe", (await Trace.UntilStatusAsync(data.Path, id, "delivered")).Subject);
        var received = Assert.Single(receiver.Journal.Messages);
        Assert.Equal(["anna@receiver.test", "ben@receiver.test"], received.Recipients.Select(one => one.Address));
        Assert.Contains("terms.txt", System.Text.Encoding.UTF8.GetString(received.Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_takes_a_whole_message_from_standard_input()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint));

        var run = await WaybillCommand.RunWithInputAsync(
            "Subject: Piped\nFrom: shop@shop.test\n\n.starts with a dot\nends without a line break",
            "send", "--data", data.Path, "--from", "shop@shop.test", "--to", "anna@receiver.test", "--message", "-");

        await Trace.UntilStatusAsync(data.Path, Submit.IdIn(run.Output.Trim()), "delivered");
        var received = Assert.Single(receiver.Journal.Messages);
        Assert.EndsWith("\r\n\r\n.starts with a dot\r\nends without a line break\r\n", System.Text.Encoding.UTF8.GetString(received.Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_says_what_is_missing_when_no_server_runs_and_when_an_address_is_none()
    {
        using var data = new TempDirectory();
        var alone = await WaybillCommand.RunAsync("send", "--data", data.Path, "--from", "a@b.test", "--to", "c@d.test", "--text", "x");
        Assert.Equal(1, alone.ExitCode);
        Assert.Contains("waybill serve", alone.Errors, StringComparison.Ordinal);

        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).With("--smart-host", "127.0.0.1:9"));
        var wrong = await WaybillCommand.RunAsync("send", "--data", data.Path, "--from", "a@b.test", "--to", "not an address", "--message", "/dev/null");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("'not an address' is not an address", wrong.Errors, StringComparison.Ordinal);

        // The message is built here, before the server sees an address.
        var wrongToo = await WaybillCommand.RunAsync("send", "--data", data.Path, "--from", "a@b.test", "--to", "not an address", "--text", "x");
        Assert.Equal((1, "'not an address' is not an address."), (wrongToo.ExitCode, wrongToo.Errors.Trim()));
        var file = await WaybillCommand.RunAsync("send", "--data", data.Path, "--from", "a@b.test", "--to", "c@d.test", "--message", data["no-such-file"]);
        Assert.Equal(1, file.ExitCode);
        Assert.Single(file.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task The_queue_is_listed_retried_and_cancelled_while_the_server_runs()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript { OnRecipient = (_, _) => Response.Say("451 4.3.0 Not now") });
        await using var server = await ServerProcess.StartAsync(
            ServerSetup.Trusted(data.Path).To(receiver.EndPoint).Set("Waybill:Retry:Waits:0", "01:00:00").Set("Waybill:Retry:Waits:1", "01:00:00"));
        var first = await Submit.AcceptedAsync(server.Trusted, "Waits", "anna@receiver.test");
        var second = await Submit.AcceptedAsync(server.Trusted, "Is given up", "ben@other.test");
        await Trace.UntilAsync(data.Path, first, mail => mail.Kinds.Contains("deferred"), "is deferred");
        await Trace.UntilAsync(data.Path, second, mail => mail.Kinds.Contains("deferred"), "is deferred");

        var list = await WaybillCommand.RunAsync("queue", "list", "--data", data.Path);
        Assert.Equal(0, list.ExitCode);
        Assert.Contains(first, list.Output, StringComparison.Ordinal);
        Assert.Contains("451 4.3.0 Not now", list.Output, StringComparison.Ordinal);

        var cancel = await WaybillCommand.RunAsync("queue", "cancel", "@other.test", "--data", data.Path);
        Assert.Equal((0, "1 cancelled"), (cancel.ExitCode, cancel.Output.Trim()));
        Assert.Equal("cancelled", Assert.Single(await Trace.OfAsync(data.Path, second)).Status);

        receiver.Script = new ReceiverScript();
        var retry = await WaybillCommand.RunAsync("queue", "retry", first, "--data", data.Path);
        Assert.Equal((0, "1 due now"), (retry.ExitCode, retry.Output.Trim()));
        await Trace.UntilStatusAsync(data.Path, first, "delivered", TimeSpan.FromSeconds(10));
        Assert.Equal(1, (await WaybillCommand.RunAsync("queue", "cancel", first, "--data", data.Path)).ExitCode);
        Assert.Equal(2, (await WaybillCommand.RunAsync("queue", "cancel", "nonsense", "--data", data.Path)).ExitCode);
    }

    [Fact]
    public async Task The_queue_is_listed_retried_and_cancelled_while_no_server_runs()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript { OnRecipient = (_, _) => Response.Say("451 4.3.0 Not now") });
        var setup = ServerSetup.Trusted(data.Path).To(receiver.EndPoint).Set("Waybill:Retry:Waits:0", "01:00:00").Set("Waybill:Retry:Waits:1", "01:00:00");
        string first, second;
        await using (var server = await ServerProcess.StartAsync(setup))
        {
            first = await Submit.AcceptedAsync(server.Trusted, "Waits", "anna@receiver.test");
            second = await Submit.AcceptedAsync(server.Trusted, "Is given up", "ben@receiver.test");
            await Trace.UntilAsync(data.Path, first, mail => mail.Kinds.Contains("deferred"), "is deferred");
            await Trace.UntilAsync(data.Path, second, mail => mail.Kinds.Contains("deferred"), "is deferred");
            Assert.Equal(0, await server.StopAsync());
        }

        Assert.Contains(first, (await WaybillCommand.RunAsync("queue", "list", "--data", data.Path)).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await WaybillCommand.RunAsync("queue", "cancel", second, "--data", data.Path)).ExitCode);
        Assert.Equal(0, (await WaybillCommand.RunAsync("queue", "retry", first, "--data", data.Path)).ExitCode);
        receiver.Script = new ReceiverScript();

        await using var again = await ServerProcess.StartAsync(setup);
        await Trace.UntilStatusAsync(data.Path, first, "delivered");
        Assert.Equal("cancelled", Assert.Single(await Trace.OfAsync(data.Path, second)).Status);
        Assert.Single(receiver.Journal.Messages);
    }

    [Fact]
    public async Task People_and_SMTP_users_are_added_listed_and_removed()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path));
        foreach (var (group, name) in new[] { ("user", "ops@shop.test"), ("smtp-user", "shop") })
        {
            Assert.Contains("password", (await WaybillCommand.RunAsync(group, "add", name, "--data", data.Path)).Output, StringComparison.Ordinal);
            Assert.Contains(name, (await WaybillCommand.RunAsync(group, "list", "--data", data.Path)).Output, StringComparison.Ordinal);
            Assert.Equal(0, (await WaybillCommand.RunAsync(group, "remove", name, "--data", data.Path)).ExitCode);
            Assert.Equal(1, (await WaybillCommand.RunAsync(group, "remove", name, "--data", data.Path)).ExitCode);
            Assert.DoesNotContain(name, (await WaybillCommand.RunAsync(group, "list", "--data", data.Path)).Output, StringComparison.Ordinal);
        }
    }
}
