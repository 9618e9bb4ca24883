using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd;

/// <summary>What a client may do on a submission listener, and what it is told when it may not.</summary>
public sealed class SubmissionSessions : IAsyncDisposable
{
    private readonly TempDirectory _data = new();
    private readonly ScriptedReceiver _receiver = ScriptedReceiver.Start();
    private ServerProcess? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            await server.DisposeAsync();
        }

        await _receiver.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task AUTH_takes_PLAIN_and_LOGIN_and_refuses_a_wrong_password_until_the_session_is_closed()
    {
        var server = await StartAsync();
        var login = await SmtpLogin.AddAsync(_data.Path, "shop");
        await using (var plain = await GreetedAsync(server["smtp"]))
        {
            Assert.Equal(235, (await plain.SayAsync("AUTH PLAIN " + login.Plain, Token)).Code);
            Assert.Equal(503, (await plain.SayAsync("AUTH PLAIN " + login.Plain, Token)).Code);
            Assert.Equal(250, (await plain.SayAsync("MAIL FROM:<a@shop.test>", Token)).Code);
        }

        await using (var loginClient = await GreetedAsync(server["smtp"]))
        {
            Assert.Equal("334 VXNlcm5hbWU6", (await loginClient.SayAsync("AUTH LOGIN", Token)).Text);
            Assert.Equal("334 UGFzc3dvcmQ6", (await loginClient.SayAsync(Base64(login.Name), Token)).Text);
            Assert.Equal(235, (await loginClient.SayAsync(Base64(login.Password), Token)).Code);
        }

        await using var wrong = await GreetedAsync(server["smtp"]);
        Assert.StartsWith("535 5.7.8", (await wrong.SayAsync("AUTH PLAIN " + Base64("\0shop\0wrong"), Token)).Text, StringComparison.Ordinal);
        Assert.StartsWith("501 5.7.0", (await SayBothAsync(wrong, "AUTH LOGIN", "*")).Text, StringComparison.Ordinal);
        Assert.StartsWith("535 5.7.8", (await wrong.SayAsync("AUTH PLAIN " + Base64("\0nobody\0wrong"), Token)).Text, StringComparison.Ordinal);
        Assert.StartsWith("421 4.7.0", (await wrong.SayAsync("AUTH PLAIN " + Base64("\0shop\0wrong again"), Token)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_user_submits_no_more()
    {
        var server = await StartAsync();
        var login = await SmtpLogin.AddAsync(_data.Path, "shop");
        await using (var before = await GreetedAsync(server["smtp"]))
        {
            Assert.Equal(235, (await before.SayAsync("AUTH PLAIN " + login.Plain, Token)).Code);
        }

        await WaybillCommand.RunAsync("smtp-user", "remove", "shop", "--data", _data.Path);

        await using var after = await GreetedAsync(server["smtp"]);
        Assert.Equal(535, (await after.SayAsync("AUTH PLAIN " + login.Plain, Token)).Code);
    }

    [Fact]
    public async Task AUTH_is_neither_offered_nor_taken_in_clear_where_the_policy_forbids_it()
    {
        var server = await StartAsync(setup => setup.Listen(0, "smtp", ("AllowAuthInClear", "false")), listen: false);
        await using var client = await PlainClient.ConnectAsync(server["smtp"], Token);
        await client.ReadReplyAsync(Token);

        Assert.DoesNotContain("AUTH", (await client.SayAsync("EHLO client.test", Token)).Text, StringComparison.Ordinal);
        Assert.StartsWith("538 5.7.11", (await client.SayAsync("AUTH PLAIN AGEAYg==", Token)).Text, StringComparison.Ordinal);
        Assert.StartsWith("530 5.7.0", (await client.SayAsync("MAIL FROM:<a@shop.test>", Token)).Text, StringComparison.Ordinal);
        Assert.Equal(220, (await client.StartTlsAsync("localhost", Token)).Code);
        Assert.Contains("AUTH PLAIN LOGIN", (await client.SayAsync("EHLO client.test", Token)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_submits_without_AUTH()
    {
        var server = await StartAsync();
        await using var client = await GreetedAsync(server["smtp"]);

        foreach (var command in new[] { "MAIL FROM:<a@shop.test>", "RCPT TO:<b@receiver.test>", "DATA" })
        {
            Assert.StartsWith("530 5.7.0", (await client.SayAsync(command, Token)).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_by_its_SIZE_and_by_its_octets()
    {
        var server = await StartAsync(setup => setup.Set("Waybill:Submission:MaxMessageOctets", "100000"));
        await using var client = await GreetedAsync(server.Trusted);

        Assert.StartsWith("552 5.3.4", (await client.SayAsync("MAIL FROM:<a@shop.test> SIZE=100001", Token)).Text, StringComparison.Ordinal);
        Assert.Equal(250, (await client.SayAsync("MAIL FROM:<a@shop.test> SIZE=100000", Token)).Code);
        Assert.Equal(250, (await client.SayAsync("RCPT TO:<b@receiver.test>", Token)).Code);
        Assert.Equal(354, (await client.SayAsync("DATA", Token)).Code);
        var large = Submit.Message("Too large", text: string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 2_000)));
        Assert.StartsWith("552 5.3.4", (await client.SendContentAsync(large, Token)).Text, StringComparison.Ordinal);
        Assert.Equal(250, (await client.SayAsync("MAIL FROM:<a@shop.test>", Token)).Code);
    }

    [Theory]
    [InlineData("one\ntwo", "LF")]
    [InlineData("one\rtwo", "CR")]
    [InlineData("one\n.\r\ntwo", "LF")]
    [InlineData("one\r\n.\ntwo", "LF")]
    public async Task A_bare_CR_or_LF_is_refused_and_the_refusal_is_in_the_timeline(string text, string which)
    {
        var server = await StartAsync();
        await using var client = await GreetedAsync(server.Trusted);
        await client.SayAsync("MAIL FROM:<a@shop.test>", Token);
        await client.SayAsync($"RCPT TO:<bare-{which}@receiver.test>", Token);
        await client.SayAsync("DATA", Token);

        await client.SendAsync(Encoding.ASCII.GetBytes($"Subject: Bare\r\n\r\n{text}\r\n.\r\n"), Token);

        var reply = await client.ReadReplyAsync(Token);
        Assert.StartsWith("550 5.6.0", reply.Text, StringComparison.Ordinal);
        Assert.Contains($"a {which} without", reply.Text, StringComparison.Ordinal);
        var mail = await Trace.UntilStatusAsync(_data.Path, $"bare-{which}@receiver.test", "rejected");
        Assert.Equal(reply.Text, mail.Last.Info);
        Assert.Equal(250, (await client.SayAsync("NOOP", Token)).Code);
    }

    [Fact]
    public async Task What_is_pipelined_behind_STARTTLS_is_thrown_away()
    {
        var server = await StartAsync();
        await using var socket = new NetworkStream(await ConnectAsync(server["smtp"]), ownsSocket: true);
        var line = new StreamReader(socket, Encoding.ASCII);
        await line.ReadLineAsync(Token);
        await socket.WriteAsync("EHLO client.test\r\nSTARTTLS\r\nNOOP injected\r\nMAIL FROM:<evil@client.test>\r\n"u8.ToArray(), Token);
        while (await line.ReadLineAsync(Token) is { } reply && !reply.StartsWith("220 ", StringComparison.Ordinal))
        {
            Assert.StartsWith("250", reply, StringComparison.Ordinal);
        }

        await using var tls = new SslStream(socket, leaveInnerStreamOpen: true, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync("EHLO inside.test\r\n"u8.ToArray(), Token);

        // The first thing that is said inside is the answer to EHLO, and not to what was injected before.
        using var inside = new StreamReader(tls, Encoding.ASCII);
        var lines = new List<string>();
        while (await inside.ReadLineAsync(Token) is { } reply)
        {
            lines.Add(reply);
            if (reply.StartsWith("250 ", StringComparison.Ordinal))
            {
                break;
            }
        }

        Assert.Contains("250-PIPELINING", lines);
        Assert.DoesNotContain("250-STARTTLS", lines);
        await tls.WriteAsync("RCPT TO:<b@receiver.test>\r\n"u8.ToArray(), Token);
        Assert.StartsWith("530 5.7.0", await inside.ReadLineAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_recipients_each_get_the_message_and_a_repeated_one_gets_it_once()
    {
        var server = await StartAsync();
        string[] recipients = [.. Enumerable.Range(0, 100).Select(number => $"r{number}@receiver.test")];

        var reply = await Submit.TryAsync(server.Trusted, "To a hundred", [.. recipients, "r7@receiver.test", "r7@RECEIVER.test"]);

        Assert.Equal(250, reply.Code);
        await Eventually.TrueAsync(() => _receiver.Journal.Messages.Sum(one => one.Recipients.Count) == 100, TimeSpan.FromSeconds(20), "100 recipients are served");
        Assert.Equal(recipients.Order(), _receiver.Journal.Messages.SelectMany(one => one.Recipients).Select(one => one.Address).Order());
        Assert.Equal(100, (await Trace.OfAsync(_data.Path, Submit.IdIn(reply.Text))).Count);
    }

    [Fact]
    public async Task Received_is_added_and_Date_and_Message_ID_where_they_are_missing()
    {
        var server = await StartAsync();
        var bare = await Submit.TryAsync(server.Trusted, "", ["bare@receiver.test"], content: "Subject: Bare\r\n\r\nx\r\n"u8.ToArray());
        var full = await Submit.TryAsync(server.Trusted, "Full", ["full@receiver.test"]);
        await Eventually.TrueAsync(() => _receiver.Journal.Confirmed == 2, TimeSpan.FromSeconds(20), "both are delivered");

        var received = _receiver.Journal.Messages.ToDictionary(one => one.Recipients[0].Address);
        var id = Submit.IdIn(bare.Text);
        Assert.Equal($"<{id}@mail.waybill.test>", received["bare@receiver.test"].HeaderField("Message-ID"));
        Assert.Matches("^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \\+0000$", received["bare@receiver.test"].HeaderField("Date")!);
        Assert.Matches($"^from client\\.test \\(\\[127\\.0\\.0\\.1\\]\\) by mail\\.waybill\\.test \\(Waybill\\) with ESMTP id {id} for <bare@receiver\\.test>; ", received["bare@receiver.test"].HeaderField("Received")!);
        var text = Encoding.UTF8.GetString(received["full@receiver.test"].Content.Span);
        Assert.Equal(250, full.Code);
        Assert.Equal(1, Count(text, "\r\nDate: "));
        Assert.Equal(1, Count(text, "\r\nMessage-ID: "));
    }

    [Fact]
    public async Task The_PROXY_protocol_names_the_client_and_is_taken_from_listed_networks_only()
    {
        var server = await StartAsync(
            setup => setup.Listen(0, "proxied", ("ProxyNetworks:0", "127.0.0.0/8"), ("TrustedNetworks:0", "192.0.2.0/24"))
                .Listen(1, "elsewhere", ("ProxyNetworks:0", "10.0.0.0/8")),
            listen: false);

        Assert.StartsWith("250", await FirstMailReplyAsync(server["proxied"], Header(IPAddress.Parse("192.0.2.7"))), StringComparison.Ordinal);
        Assert.StartsWith("530", await FirstMailReplyAsync(server["proxied"], Header(IPAddress.Parse("203.0.113.7"))), StringComparison.Ordinal);
        Assert.Equal("", await FirstMailReplyAsync(server["proxied"], "EHLO no.proxy\r\n"u8.ToArray()));
        Assert.Equal("", await FirstMailReplyAsync(server["elsewhere"], Header(IPAddress.Parse("192.0.2.7"))));
    }

    [Fact]
    public async Task A_new_certificate_is_shown_without_a_restart_and_a_broken_file_changes_nothing()
    {
        var file = _data["tls.pem"];
        var first = WriteCertificate(file, "first.test");
        var server = await StartAsync(setup => setup.Set("Waybill:Listening:CertificatePath", file));
        Assert.Equal(first, await ShownAsync(server["smtp"]));

        await File.WriteAllTextAsync(file, "no certificate", Token);
        await Eventually.PassAsync(TimeSpan.FromSeconds(6));
        Assert.Equal(first, await ShownAsync(server["smtp"]));

        var second = WriteCertificate(file, "second.test");
        await Eventually.TrueAsync(async () => await ShownAsync(server["smtp"]) == second, TimeSpan.FromSeconds(20), "the new certificate is shown");
        Assert.True(server.IsRunning);
    }

    [Fact]
    public async Task Too_many_errors_close_the_session()
    {
        var server = await StartAsync();
        await using var client = await GreetedAsync(server.Trusted);
        var replies = new List<int>();
        while (replies.Count < 50 && (replies.Count == 0 || replies[^1] != 421))
        {
            replies.Add((await client.SayAsync("NONSENSE", Token)).Code);
        }

        Assert.Equal((21, 421), (replies.Count, replies[^1]));
        await Assert.ThrowsAnyAsync<IOException>(() => client.SayAsync("NOOP", Token));
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async Task<Waybill.Mail.Smtp.PeerReply> SayBothAsync(PlainClient client, string first, string second)
    {
        await client.SayAsync(first, Token);
        return await client.SayAsync(second, Token);
    }

    private async Task<ServerProcess> StartAsync(Func<ServerSetup, ServerSetup>? change = null, bool listen = true)
    {
        var setup = ServerSetup.Trusted(_data.Path);
        setup = (listen ? setup : setup with { Options = [] }).To(_receiver.EndPoint);
        return _server = await ServerProcess.StartAsync(change?.Invoke(setup) ?? setup);
    }

    private static async Task<PlainClient> GreetedAsync(IPEndPoint server)
    {
        var client = await PlainClient.ConnectAsync(server, Token);
        await client.ReadReplyAsync(Token);
        await client.SayAsync("EHLO client.test", Token);
        return client;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, Token);
        return socket;
    }

    // PROXY protocol version 2: signature, version and command, family, length, source, destination, ports.
    private static byte[] Header(IPAddress client) =>
        [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, .. client.GetAddressBytes(), 127, 0, 0, 1, 0x30, 0x39, 0, 25];

    private static async Task<string> FirstMailReplyAsync(IPEndPoint server, byte[] header)
    {
        await using var stream = new NetworkStream(await ConnectAsync(server), ownsSocket: true);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        try
        {
            await stream.WriteAsync(header, Token);
            await stream.WriteAsync("EHLO client.test\r\n"u8.ToArray(), Token);
            while (await reader.ReadLineAsync(Token) is { } line)
            {
                if (line.StartsWith("250 ", StringComparison.Ordinal))
                {
                    await stream.WriteAsync("MAIL FROM:<a@shop.test>\r\n"u8.ToArray(), Token);
                    return await reader.ReadLineAsync(Token) ?? "";
                }
            }
        }
        catch (IOException)
        {
            // Closed without a word.
        }

        return "";
    }

    private static string WriteCertificate(string file, string host)
    {
        using var certificate = PeerCertificate.SelfSigned(host, TimeProvider.System);
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(file + ".new", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        File.Move(file + ".new", file, overwrite: true);
        return certificate.Thumbprint;
    }

    private static async Task<string?> ShownAsync(IPEndPoint server)
    {
        await using var client = await GreetedAsync(server);
        await client.StartTlsAsync("localhost", Token);
        return (client.Tls!.RemoteCertificate as X509Certificate2)?.Thumbprint;
    }
}
