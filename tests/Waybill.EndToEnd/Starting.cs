using System.Net;
using System.Net.Sockets;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd;

/// <summary>Start and end of the server: the ready line, faults of configuration, SIGTERM, a second server, the demo.</summary>
public sealed class Starting
{
    [Fact]
    public async Task The_ready_line_names_every_listener()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(
            ServerSetup.Trusted(data.Path).With("--smtps", "127.0.0.1:0"));

        Assert.Equal(["http", "smtp", "smtps", "smtp-trusted"], server.Listeners);
        Assert.All(server.Listeners, name => Assert.NotEqual(0, server[name].Port));
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server["http"]}") };
        foreach (var path in new[] { "/health/live", "/health/ready" })
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("Waybill__Submission__MaxMessageOctets", "12", "MaxMessageOctets")]
    [InlineData("Waybill__Routing__Resolvers__0", "no address", "Resolvers")]
    [InlineData("Waybill__Retry__Waits__0", "00:00:00", "Waits")]
    [InlineData("Waybill__Delivery__MaxConnections", "0", "MaxConnections")]
    [InlineData("Waybill__Client__ClientName", "not a name", "ClientName")]
    [InlineData("Waybill__Submission__HostName", "not a name", "HostName")]
    [InlineData("Waybill__Listening__Listeners__0__Endpoint", "nowhere", "Listener")]
    [InlineData("Waybill__Listening__CertificatePath", "/no/such/file.pem", "Waybill:Listening:CertificatePath")]
    [InlineData("Waybill__Retry__Lifetime", "soon", "Lifetime")]
    [InlineData("Waybill__Web__Http", "eighty", "http")]
    public async Task A_fault_of_the_configuration_names_its_key_and_exits_with_2(string variable, string value, string key)
    {
        using var data = new TempDirectory();
        var run = await Tool.RunAsync(
            WaybillCommand.Host,
            [WaybillCommand.Assembly, "serve", "--data", data.Path, .. variable.Contains("Web__Http", StringComparison.Ordinal) ? [] : (string[])["--http", "127.0.0.1:0"],
                .. variable.Contains("Listeners", StringComparison.Ordinal) ? [] : (string[])["--smtp", "127.0.0.1:0"]],
            environment: new Dictionary<string, string> { [variable] = value });

        Assert.True(run.ExitCode == 2, run.ToString());
        Assert.Contains(key, run.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("ready", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--smtp", "2525")]
    [InlineData("--http", "localhost")]
    [InlineData("--smart-host", "no host")]
    [InlineData("--resolver", "dns.example")]
    public async Task A_wrong_option_is_told_and_exits_with_2(string option, string value)
    {
        using var data = new TempDirectory();
        var run = await WaybillCommand.RunAsync(["serve", "--data", data.Path, .. option == "--http" ? [] : (string[])["--http", "127.0.0.1:0"], .. option == "--smtp" ? [] : (string[])["--smtp", "127.0.0.1:0"], option, value]);

        Assert.True(run.ExitCode == 2, run.ToString());
        Assert.Contains(value, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_told_and_exits_with_2()
    {
        using var data = new TempDirectory();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var run = await WaybillCommand.RunAsync("serve", "--data", data.Path, "--http", "127.0.0.1:0", "--smtp", taken.LocalEndpoint.ToString()!);

        Assert.True(run.ExitCode == 2, run.ToString());
        Assert.Contains(taken.LocalEndpoint.ToString()!, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SIGTERM_drains_and_exits_with_0()
    {
        using var data = new TempDirectory();
        using var answer = new SemaphoreSlim(0);
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript
        {
            OnContent = message =>
            {
                answer.Release();
                return Response.Say("250 2.0.0 Ok: late").Late(TimeSpan.FromSeconds(4));
            },
        });
        var setup = ServerSetup.Trusted(data.Path).To(receiver.EndPoint);
        await using var server = await ServerProcess.StartAsync(setup);
        var id = await Submit.AcceptedAsync(server.Trusted, "Under way at the end", "anna@receiver.test");
        Assert.True(await answer.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));

        Assert.Equal(0, await server.StopAsync());

        // The delivery that was under way was waited for, and its outcome is kept.
        var mail = Assert.Single(await Trace.OfAsync(data.Path, id));
        Assert.Equal(("delivered", "250 2.0.0 Ok: late"), (mail.Status, mail.Last.Info));
    }

    [Fact]
    public async Task SIGTERM_says_421_to_a_client_that_is_connected_and_does_not_wait_for_it()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path));
        await using var client = await PlainClient.ConnectAsync(server.Trusted, TestContext.Current.CancellationToken);
        await client.ReadReplyAsync(TestContext.Current.CancellationToken);
        await client.SayAsync("EHLO client.test", TestContext.Current.CancellationToken);

        var start = TimeProvider.System.GetTimestamp();
        var stopping = server.StopAsync();
        Assert.Equal(421, (await client.ReadReplyAsync(TestContext.Current.CancellationToken)).Code);
        Assert.Equal(0, await stopping);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_refused_and_the_first_goes_on()
    {
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start();
        await using var first = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint));

        var second = await WaybillCommand.RunAsync("serve", "--data", data.Path, "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0");

        Assert.Equal(2, second.ExitCode);
        Assert.Contains("in use by another Waybill", second.Errors, StringComparison.Ordinal);
        var run = await WaybillCommand.RunAsync("send", "--data", data.Path, "--from", "a@b.test", "--to", "c@d.test", "--text", "still here");
        await Trace.UntilStatusAsync(data.Path, Submit.IdIn(run.Output.Trim()), "delivered");
    }

    [Fact]
    public async Task The_demo_prints_its_guide_and_its_sample_mail_comes_to_its_ends()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(new ServerSetup(data.Path)
        {
            Verb = "demo",
            Options = ["--smtp", "127.0.0.1:0", "--smtps", "127.0.0.1:0"],
        });
        foreach (var (recipient, status) in new[]
        {
            ("anna@gmail.test", "delivered"), ("ben@outlook.test", "delivered"), ("carla@yahoo.test", "delivered"),
            ("dora@proofpoint.test", "delivered"), ("emil@postfix.test", "delivered"), ("fatma@exim.test", "delivered"),
            ("unknown@gmail.test", "hard-bounced"), ("blocked@outlook.test", "soft-bounced"), ("gerd@nullmx.test", "hard-bounced"),
            ("hanna@no-such-domain.test", "hard-bounced"), ("ines@badtls.test", "delivered"),
        })
        {
            await Trace.UntilStatusAsync(data.Path, recipient, status);
        }

        await Trace.UntilAsync(data.Path, "defer@outlook.test", mail => mail.Kinds.Contains("deferred") && mail.Status == "processed", "is deferred");
        await Trace.UntilStatusAsync(data.Path, "greylist@postfix.test", "delivered", TimeSpan.FromSeconds(60));
        foreach (var word in new[] { $"http://{server["http"]}", "swaks", "curl", "admin@localhost", "demo-password", "gmail.test", "greylist@" })
        {
            Assert.Contains(word, server.Output, StringComparison.Ordinal);
        }

        Assert.Equal(0, await server.StopAsync());
    }
}
