using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd;

/// <summary>250 is a promise: submission at full speed, SIGKILL at random moments, and nothing that was promised is missing.</summary>
[Collection(Alone.Name)]
public sealed class KillAndRestart(ITestOutputHelper output)
{
    private const int Submitters = 8;
    private const int Lanes = 8;

    // A lane records an outcome while it sends the next message, so a kill finds two of them in flight at most.
    private const int InFlight = Lanes * 2;

    private readonly ConcurrentDictionary<int, int> _arrived = new();
    private readonly ConcurrentDictionary<int, bool> _promised = new();
    private volatile IPEndPoint? _server;
    private int _sequence;

    [Fact]
    public Task What_got_its_250_is_delivered_although_the_server_was_killed_three_times() => RunAsync(kills: 3);

    [Fact]
    [Trait(Alone.Category, Alone.Slow)]
    public Task What_got_its_250_is_delivered_although_the_server_was_killed_sixty_times() => RunAsync(kills: 60);

    private async Task RunAsync(int kills)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var data = new TempDirectory();
        await using var receiver = ScriptedReceiver.Start(
            new ReceiverScript { OnContent = Arrive },
            new ReceiverOptions { KeptOctets = 4_096, KeptMessages = 0, KeptEntries = 0 });
        var setup = ServerSetup.Trusted(data.Path).To(receiver.EndPoint)
            .Set("Waybill:Delivery:MaxConnectionsToSmartHost", Lanes.ToString(CultureInfo.InvariantCulture));

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var submitters = Enumerable.Range(0, Submitters).Select(_ => SubmitAsync(stop.Token)).ToArray();
        for (var kill = 0; kill < kills; kill++)
        {
            await using var server = await ServerProcess.StartAsync(setup);
            _server = server.Trusted;

            // From the first moment, while what the last kill left is still being recovered, to a server at full speed.
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(random.Next(0, kill % 4 == 0 ? 60 : 1_200)));
            await server.KillAsync();
            _server = null;
        }

        await using var last = await ServerProcess.StartAsync(setup);
        _server = last.Trusted;
        await Eventually.PassAsync(TimeSpan.FromMilliseconds(200));
        await stop.CancelAsync();
        await Task.WhenAll(submitters);

        try
        {
            await Eventually.TrueAsync(
                () => _promised.Keys.All(_arrived.ContainsKey), TimeSpan.FromSeconds(60), "everything that was promised arrives");
            await Eventually.TrueAsync(
                async () => (await WaybillCommand.RunAsync("queue", "list", "--data", data.Path)).Output.Length == 0, TimeSpan.FromSeconds(60), "the queue is empty");
        }
        finally
        {
            Report(kills, seed);
        }

        Assert.NotEmpty(_promised);
        Assert.True(_arrived.Values.Sum(count => count - 1) <= InFlight * kills, $"more duplicates than {InFlight} a kill");
        Assert.True(_arrived.Keys.Count(one => !_promised.ContainsKey(one)) <= Submitters * (kills + 1), "more unpromised mail than submitters were cut off");
    }

    private void Report(int kills, int seed) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"kills {kills}, seed {seed}: promised {_promised.Count}, missing {_promised.Keys.Count(one => !_arrived.ContainsKey(one))}, duplicates {_arrived.Values.Sum(count => count - 1)} (at most {InFlight * kills}), delivered without a 250 seen {_arrived.Keys.Count(one => !_promised.ContainsKey(one))}"));

    private Response Arrive(ReceivedMessage message)
    {
        var sequence = int.Parse(message.HeaderField("Subject")!, CultureInfo.InvariantCulture);
        _arrived.AddOrUpdate(sequence, 1, static (_, count) => count + 1);
        return Response.Say("250 2.0.0 Ok: queued as " + sequence.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Submits as fast as the server answers; a cut connection is followed by the next one.</summary>
    private async Task SubmitAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (_server is { } server)
                {
                    await SubmitUntilCutAsync(server, stopping);
                }
                else
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stopping);
                }
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException)
            {
                // The server was killed; what had no 250 was promised to nobody.
            }
        }
    }

    private async Task SubmitUntilCutAsync(IPEndPoint server, CancellationToken stopping)
    {
        await using var client = await PlainClient.ConnectAsync(server, stopping);
        await client.ReadReplyAsync(stopping);
        await client.SayAsync("EHLO client.test", stopping);
        for (var messages = 0; messages < 500 && !stopping.IsCancellationRequested; messages++)
        {
            var sequence = Interlocked.Increment(ref _sequence);
            await client.SayAsync("MAIL FROM:<sender@shop.test>", stopping);
            await client.SayAsync($"RCPT TO:<r{sequence % 97}@d{sequence % 13}.test>", stopping);
            await client.SayAsync("DATA", stopping);
            var reply = await client.SendContentAsync(
                Submit.Message(sequence.ToString(CultureInfo.InvariantCulture), text: new string('x', sequence % 900)), stopping);
            if (reply.Code == 250)
            {
                _promised[sequence] = true;
            }
        }
    }
}
