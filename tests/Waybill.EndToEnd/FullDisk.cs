using System.Net;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd;

/// <summary>A data directory without room: nothing is promised, nothing is lost, and room alone is the cure.</summary>
public sealed class FullDisk
{
    [Fact]
    public async Task A_full_disk_is_answered_with_4yz_at_once_and_mail_is_taken_again_when_there_is_room()
    {
        using var data = new TempDirectory();
        await using var mount = await Mount.AtAsync(data["small"], "110m");
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript { OnRecipient = (_, _) => Response.Say("451 4.3.0 Not now") });
        var setup = ServerSetup.Trusted(mount.Path).To(receiver.EndPoint);
        await using var server = await ServerProcess.StartAsync(setup);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server["http"]}") };
        var promised = new List<string> { await Submit.AcceptedAsync(server.Trusted, "before", "before@receiver.test") };

        var filler = await FillAsync(mount.Path);
        var refused = await UntilRefusedAsync(server, promised);
        Assert.InRange(refused, 400, 499);
        await Eventually.TrueAsync(() => IsReadyAsync(http, HttpStatusCode.ServiceUnavailable), TimeSpan.FromSeconds(10), "/health/ready says 503");
        await RefusedAtOnceAsync(server);
        Assert.True(server.IsRunning);

        // Outcomes of deliveries have nobody to be refused to: they wait for room. Deliveries end while the disk is full.
        receiver.Script = new ReceiverScript();
        await Eventually.PassAsync(TimeSpan.FromSeconds(3));
        Assert.True(await IsReadyAsync(http, HttpStatusCode.ServiceUnavailable), "ready without room");
        File.Delete(filler);

        await Eventually.TrueAsync(() => IsReadyAsync(http, HttpStatusCode.OK), TimeSpan.FromSeconds(10), "/health/ready says 200 again, without any mail");
        promised.Add(await Submit.AcceptedAsync(server.Trusted, "after", "after@receiver.test"));
        foreach (var id in new[] { promised[0], promised[^1] })
        {
            await Trace.UntilStatusAsync(mount.Path, id, "delivered");
        }

        await Eventually.TrueAsync(
            async () => (await WaybillCommand.RunAsync("queue", "list", "--data", mount.Path)).Output.Length == 0, TimeSpan.FromSeconds(30), "the queue is empty");
        var arrived = receiver.Journal.Messages.Select(one => one.HeaderField("Received")!).ToList();
        Assert.All(promised, id => Assert.Contains(arrived, field => field.Contains(id, StringComparison.Ordinal)));
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task A_large_message_that_finds_no_room_is_refused_and_leaves_no_octet_behind()
    {
        using var data = new TempDirectory();
        await using var mount = await Mount.AtAsync(data["small"], "40m");
        await using var receiver = ScriptedReceiver.Start();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(mount.Path).To(receiver.EndPoint));
        await Submit.AcceptedAsync(server.Trusted, "small", "small@receiver.test");
        var large = Submit.Message("large", text: string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 48_000)));

        try
        {
            var reply = await Submit.TryAsync(server.Trusted, "", ["large@receiver.test"], content: large);
            Assert.InRange(reply.Code, 400, 499);
        }
        catch (IOException)
        {
            // The server does not read the rest of what it cannot keep: the refusal may be lost under what is still being
            // sent, and a cut connection means "later" to a client as 4yz does.
        }

        await Eventually.TrueAsync(() => !Directory.EnumerateFiles(Path.Combine(mount.Path, "content", "incoming")).Any(), TimeSpan.FromSeconds(10), "the draft is gone");
        var id = await Submit.AcceptedAsync(server.Trusted, "small again", "small@receiver.test");
        await Trace.UntilStatusAsync(mount.Path, id, "delivered");
    }

    [Fact]
    public async Task It_is_ready_again_when_there_is_room_although_no_mail_comes_to_try()
    {
        using var data = new TempDirectory();
        await using var mount = await Mount.AtAsync(data["small"], "110m");
        await using var server = await ServerProcess.StartAsync(
            ServerSetup.Trusted(mount.Path).With("--smart-host", "127.0.0.1:9").Set("Waybill:Retry:Waits:0", "01:00:00").Set("Waybill:Retry:Waits:1", "01:00:00"));
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server["http"]}") };
        var id = await Submit.AcceptedAsync(server.Trusted, "waits", "waits@receiver.test");
        await Trace.UntilAsync(mount.Path, id, mail => mail.Kinds.Contains("deferred"), "is deferred");

        var filler = await FillAsync(mount.Path);
        await UntilRefusedAsync(server, []);
        await Eventually.TrueAsync(() => IsReadyAsync(http, HttpStatusCode.ServiceUnavailable), TimeSpan.FromSeconds(10), "/health/ready says 503");
        await Eventually.PassAsync(TimeSpan.FromSeconds(2));
        Assert.True(await IsReadyAsync(http, HttpStatusCode.ServiceUnavailable), "ready without room");
        File.Delete(filler);

        await Eventually.TrueAsync(() => IsReadyAsync(http, HttpStatusCode.OK), TimeSpan.FromSeconds(10), "/health/ready says 200");
        await Submit.AcceptedAsync(server.Trusted, "after", "after@receiver.test");
    }

    [Fact]
    public async Task SIGTERM_ends_a_server_whose_disk_is_full_and_nothing_is_lost()
    {
        using var data = new TempDirectory();
        await using var mount = await Mount.AtAsync(data["small"], "110m");
        await using var receiver = ScriptedReceiver.Start(new ReceiverScript { OnRecipient = (_, _) => Response.Say("451 4.3.0 Not now") });
        var setup = ServerSetup.Trusted(mount.Path).To(receiver.EndPoint).Set("Waybill:Delivery:DrainTime", "00:00:02");
        var promised = new List<string>();
        string filler;
        await using (var server = await ServerProcess.StartAsync(setup))
        {
            promised.Add(await Submit.AcceptedAsync(server.Trusted, "before", "before@receiver.test"));
            filler = await FillAsync(mount.Path);
            await UntilRefusedAsync(server, promised);
            await Eventually.PassAsync(TimeSpan.FromSeconds(2)); // Outcomes wait for room by now.

            await server.StopAsync();
        }

        File.Delete(filler);
        receiver.Script = new ReceiverScript();
        await using var again = await ServerProcess.StartAsync(setup);
        await Eventually.TrueAsync(
            () => promised.All(id => receiver.Journal.Messages.Any(one => one.HeaderField("Received")!.Contains(id, StringComparison.Ordinal))),
            TimeSpan.FromSeconds(30),
            "everything that was promised arrives");
    }

    private static async Task RefusedAtOnceAsync(ServerProcess server)
    {
        var start = TimeProvider.System.GetTimestamp();
        var reply = await Submit.TryAsync(server.Trusted, "no room", ["nobody@receiver.test"]);
        Assert.InRange(reply.Code, 400, 499);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    /// <summary>Submits until there is no room left even for a small message; what was taken until then was promised.</summary>
    private static async Task<int> UntilRefusedAsync(ServerProcess server, List<string> promised)
    {
        for (var number = 0; number < 2_000; number++)
        {
            var reply = await Submit.TryAsync(server.Trusted, $"fills {number}", [$"f{number}@receiver.test"]);
            if (reply.Code != 250)
            {
                return reply.Code;
            }

            promised.Add(Submit.IdIn(reply.Text));
        }

        Assert.Fail("the disk is not full");
        return 0;
    }

    private static async Task<string> FillAsync(string directory)
    {
        var path = Path.Combine(directory, "filler");
        var block = new byte[64 * 1024];
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                await file.WriteAsync(block, TestContext.Current.CancellationToken);
            }
        }
        catch (IOException)
        {
            return path;
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, HttpStatusCode expected)
    {
        using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken);
        return answer.StatusCode == expected;
    }

    /// <summary>A small file system in memory.</summary>
    private sealed class Mount(string path) : IAsyncDisposable
    {
        public string Path => path;

        public static async Task<Mount> AtAsync(string path, string size)
        {
            Directory.CreateDirectory(path);
            var mounted = await Tool.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={size}", "waybill-test", path]);
            Assert.SkipUnless(mounted.ExitCode == 0, "needs permission to mount a small file system: " + mounted.Errors.Trim());
            return new Mount(path);
        }

        public async ValueTask DisposeAsync() => await Tool.RunAsync("umount", ["--lazy", path]);
    }
}
