using System.Text;
using System.Text.Json;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd;

/// <summary>swaks, nodemailer, curl and smtp-source submit.</summary>
public sealed class RealSubmitters
{
    [Theory]
    [InlineData("smtp", "STARTTLS and AUTH PLAIN", "ESMTPSA", "--tls", "--auth", "PLAIN")]
    [InlineData("smtp", "STARTTLS and AUTH LOGIN", "ESMTPSA", "--tls", "--auth", "LOGIN")]
    [InlineData("smtps", "implicit TLS", "ESMTPSA", "--tlsc", "--auth", "PLAIN")]
    [InlineData("smtp", "plain text on loopback", "ESMTPA", "--auth", "PLAIN")]
    [InlineData("smtp", "pipelining", "ESMTPSA", "--tls", "--auth", "PLAIN", "--pipeline")]
    public async Task Swaks_submits(string listener, string how, string protocol, params string[] options)
    {
        var swaks = Tool.Need("swaks");
        await using var peers = await Submitting.StartAsync();

        var run = await Tool.RunAsync(swaks,
        [
            "--server", "127.0.0.1", "--port", $"{peers.Server[listener].Port}", "--ehlo", "client.test", .. options,
            "--auth-user", peers.Login.Name, "--auth-password", peers.Login.Password,
            "--from", "shop@shop.test", "--to", "anna@receiver.test,ben@receiver.test", "--header", $"Subject: {how}", "--body", "Grüße\n.dot\n..dots\n",
        ]);

        Assert.True(run.ExitCode == 0, run.ToString());
        var message = await peers.ReceivedAsync();
        Assert.Equal(["anna@receiver.test", "ben@receiver.test"], message.Recipients.Select(one => one.Address));
        Assert.Equal(how, message.HeaderField("Subject"));
        Assert.Contains($"with {protocol} id ", message.HeaderField("Received"), StringComparison.Ordinal);
        Assert.Contains("Grüße\r\n.dot\r\n..dots\r\n", Encoding.UTF8.GetString(message.Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swaks_is_refused_with_a_wrong_password_and_without_any()
    {
        var swaks = Tool.Need("swaks");
        await using var peers = await Submitting.StartAsync();
        string[] common = ["--server", "127.0.0.1", "--port", $"{peers.Server["smtp"].Port}", "--tls", "--from", "shop@shop.test", "--to", "anna@receiver.test"];

        var wrong = await Tool.RunAsync(swaks, [.. common, "--auth", "PLAIN", "--auth-user", peers.Login.Name, "--auth-password", "wrong"]);
        var none = await Tool.RunAsync(swaks, common);

        Assert.Contains("535 5.7.8", wrong.Output, StringComparison.Ordinal);
        Assert.Contains("530 5.7.0", none.Output, StringComparison.Ordinal);
        Assert.Equal(0, peers.Receiver.Journal.Received);
    }

    [Fact]
    public async Task Nodemailer_submits_an_attachment_SMTPUTF8_a_Bcc_and_DSN_wishes_over_one_connection()
    {
        var node = Tool.Need("node");
        var package = Path.Combine(RepositoryPaths.Tools, "nodemailer");
        Assert.SkipUnless(Directory.Exists(Path.Combine(package, "node_modules")), "needs nodemailer; eng/test installs it");
        await using var peers = await Submitting.StartAsync();
        var order = new
        {
            transport = new
            {
                host = "127.0.0.1",
                port = peers.Server["smtp"].Port,
                pool = true,
                maxConnections = 1,
                requireTLS = true,
                tls = new { rejectUnauthorized = false },
                auth = new { user = peers.Login.Name, pass = peers.Login.Password },
            },
            messages = new object[]
            {
                new { from = "shop@shop.test", to = "anna@receiver.test", bcc = "hidden@receiver.test", subject = "With an attachment", text = "x", attachments = new[] { new { filename = "größe.txt", content = "y" } } },
                new { from = "größe@shop.test", to = "jörg@receiver.test", subject = "Größe", text = "Grüße" },
                new
                {
                    from = "shop@shop.test", to = "ben@receiver.test", subject = "Notify", text = "x",
                    dsn = new { id = "order-4711", ret = "headers", notify = new[] { "failure", "delay" }, recipient = "ben@receiver.test" },
                },
            },
        };

        var run = await Tool.RunAsync(node, [Path.Combine(RepositoryPaths.Root, "tests", "Waybill.EndToEnd", "Nodemailer", "submit.mjs"), JsonSerializer.Serialize(order)],
            environment: new Dictionary<string, string> { ["WAYBILL_NODEMAILER"] = package });

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.All(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains("250 2.0.0 OK id=", line, StringComparison.Ordinal));
        await Eventually.TrueAsync(() => peers.Receiver.Journal.Confirmed == 3, TimeSpan.FromSeconds(20), "all three are delivered");
        var messages = peers.Receiver.Journal.Messages.ToDictionary(one => one.Recipients[0].Address);
        var hidden = messages["anna@receiver.test"];
        Assert.Equal(["anna@receiver.test", "hidden@receiver.test"], hidden.Recipients.Select(one => one.Address).Order());
        Assert.DoesNotContain("hidden@", Encoding.UTF8.GetString(hidden.Content.Span), StringComparison.Ordinal);
        Assert.Equal("größe@shop.test", messages["jörg@receiver.test"].ReversePath);
        Assert.Contains("SMTPUTF8", messages["jörg@receiver.test"].Parameters, StringComparison.Ordinal);
        Assert.Contains("ENVID=order-4711", messages["ben@receiver.test"].Parameters, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("NOTIFY=FAILURE,DELAY", messages["ben@receiver.test"].Recipients[0].Parameters, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Curl_submits()
    {
        var curl = Tool.Need("curl");
        await using var peers = await Submitting.StartAsync();

        var run = await Tool.RunAsync(curl,
        [
            "--silent", "--show-error", "--ssl-reqd", "--insecure", "--url", $"smtp://{peers.Server["smtp"]}/client.test", "--user", $"{peers.Login.Name}:{peers.Login.Password}",
            "--mail-from", "shop@shop.test", "--mail-rcpt", "anna@receiver.test", "--crlf", "--upload-file", "-",
        ], "Subject: From curl\n\n.Hello\n");

        Assert.True(run.ExitCode == 0, run.ToString());
        var message = await peers.ReceivedAsync();
        Assert.Equal("From curl", message.HeaderField("Subject"));
        Assert.EndsWith("\r\n\r\n.Hello\r\n", Encoding.UTF8.GetString(message.Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smtp_source_loads_it_and_every_message_is_delivered_once()
    {
        var source = Tool.Need("smtp-source");
        await using var peers = await Submitting.StartAsync();

        var once = await Tool.RunAsync(source, ["-s", "20", "-m", "400", "-l", "10000", "-f", "load@shop.test", "-t", "sink@receiver.test", "-N", peers.Server.Trusted.ToString()]);
        var reusing = await Tool.RunAsync(source, ["-s", "20", "-d", "-m", "400", "-l", "500", "-r", "3", "-f", "load@shop.test", "-t", "sink@receiver.test", peers.Server.Trusted.ToString()]);

        Assert.True(once.ExitCode == 0, once.ToString());
        Assert.True(reusing.ExitCode == 0, reusing.ToString());
        await Eventually.TrueAsync(() => peers.Receiver.Journal.Confirmed == 800, TimeSpan.FromSeconds(30), "800 messages are delivered");
        await Eventually.TrueAsync(
            async () => (await WaybillCommand.RunAsync("queue", "list", "--data", peers.Server.Data)).Output.Length == 0, TimeSpan.FromSeconds(20), "the queue is empty");
        Assert.Equal(800, peers.Receiver.Journal.Confirmed);
    }

    /// <summary>A server that takes AUTH, and a receiver behind it.</summary>
    private sealed class Submitting(TempDirectory data, ScriptedReceiver receiver, ServerProcess server, SmtpLogin login) : IAsyncDisposable
    {
        public ScriptedReceiver Receiver => receiver;

        public ServerProcess Server => server;

        public SmtpLogin Login => login;

        public static async Task<Submitting> StartAsync()
        {
            var data = new TempDirectory();
            var receiver = ScriptedReceiver.Start();
            var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint).With("--smtps", "127.0.0.1:0"));
            return new Submitting(data, receiver, server, await SmtpLogin.AddAsync(data.Path, "shop"));
        }

        public async Task<ReceivedMessage> ReceivedAsync()
        {
            await Eventually.TrueAsync(() => receiver.Journal.Confirmed == 1, TimeSpan.FromSeconds(20), "the message is delivered");
            return Assert.Single(receiver.Journal.Messages);
        }

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await receiver.DisposeAsync();
            data.Dispose();
        }
    }
}
