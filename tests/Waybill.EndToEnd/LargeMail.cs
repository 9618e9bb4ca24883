using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Waybill.EndToEnd.Harness;

namespace Waybill.EndToEnd;

/// <summary>Many large messages at once: memory does not grow with them, and every octet arrives.</summary>
[Collection(Alone.Name)]
public sealed class LargeMail(ITestOutputHelper output)
{
    private const long Limit = 400L * 1024 * 1024;

    [Fact]
    public Task Twenty_sessions_that_send_10_MB_at_once_stay_under_400_MB_of_memory() => RunAsync(sessions: 20, megabytes: 10);

    [Fact]
    [Trait(Alone.Category, Alone.Slow)]
    public Task A_hundred_sessions_that_send_25_MB_at_once_stay_under_400_MB_of_memory() => RunAsync(sessions: 100, megabytes: 25);

    private async Task RunAsync(int sessions, int megabytes)
    {
        using var data = new TempDirectory();
        using var receiver = new HashingReceiver();
        await using var server = await ServerProcess.StartAsync(ServerSetup.Trusted(data.Path).To(receiver.EndPoint));
        var start = TimeProvider.System.GetTimestamp();

        var sent = await Task.WhenAll(Enumerable.Range(0, sessions).Select(number => SendAsync(server.Trusted, number, megabytes)));
        var accepted = TimeProvider.System.GetElapsedTime(start);
        await Eventually.TrueAsync(() => receiver.Hashes.Count >= sessions, TimeSpan.FromMinutes(4), "every message arrives");

        var peak = PeakMemory(server.Id);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{sessions} sessions of {megabytes} MB: accepted in {accepted.TotalSeconds:0.0} s, delivered in {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s, peak memory {peak / 1048576} MB"));
        Assert.Equal(sent.Order(), receiver.Hashes.Order());
        Assert.InRange(peak, 1, Limit);
    }

    /// <summary>VmHWM: the most that was resident at any time.</summary>
    private static long PeakMemory(int processId)
    {
        var line = File.ReadLines($"/proc/{processId}/status").Single(one => one.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Trim(), CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Sends a message of its own and tells the hash of its body.</summary>
    private static async Task<string> SendAsync(IPEndPoint server, int number, int megabytes)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        await client.ConnectAsync(server, cancellationToken);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        await reader.ReadLineAsync(cancellationToken);
        foreach (var command in new[] { "HELO client.test", "MAIL FROM:<a@shop.test>", $"RCPT TO:<large{number}@d{number}.test>", "DATA" })
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), cancellationToken);
            Assert.Matches("^(250|354) ", await reader.ReadLineAsync(cancellationToken));
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"Subject: Large {number}\r\n\r\n"), cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = Block(number);
        for (var written = 0L; written < megabytes * 1024L * 1024; written += block.Length)
        {
            hash.AppendData(block);
            await stream.WriteAsync(block, cancellationToken);
        }

        await stream.WriteAsync(".\r\n"u8.ToArray(), cancellationToken);
        Assert.StartsWith("250 2.0.0 OK id=", await reader.ReadLineAsync(cancellationToken), StringComparison.Ordinal);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static byte[] Block(int number)
    {
        var line = $"{number:D4} {new string('x', 91)}\r\n";
        return Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, 640)));
    }

    /// <summary>The cheapest receiver that still proves what came: it hashes bodies as they pass and keeps nothing.</summary>
    private sealed class HashingReceiver : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stopping = new();

        public HashingReceiver()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

        public ConcurrentBag<string> Hashes { get; } = [];

        public void Dispose()
        {
            _stopping.Cancel();
            _listener.Dispose();
            _stopping.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = ConverseAsync(await _listener.AcceptTcpClientAsync(_stopping.Token));
                }
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task ConverseAsync(TcpClient client)
        {
            using var _ = client;
            try
            {
                await using var stream = client.GetStream();
                await stream.WriteAsync("220 sink.test ESMTP\r\n"u8.ToArray(), _stopping.Token);
                var buffer = new byte[64 * 1024];
                var held = 0;
                while (true)
                {
                    var end = buffer.AsSpan(0, held).IndexOf("\r\n"u8);
                    if (end < 0)
                    {
                        var read = await stream.ReadAsync(buffer.AsMemory(held), _stopping.Token);
                        if (read == 0)
                        {
                            return;
                        }

                        held += read;
                        continue;
                    }

                    var command = Encoding.ASCII.GetString(buffer, 0, end);
                    buffer.AsSpan(end + 2, held - end - 2).CopyTo(buffer);
                    held -= end + 2;
                    var isData = command.StartsWith("DATA", StringComparison.OrdinalIgnoreCase);
                    await stream.WriteAsync(isData ? "354 Go\r\n"u8.ToArray() : "250 OK\r\n"u8.ToArray(), _stopping.Token);
                    if (isData)
                    {
                        held = await TakeBodyAsync(stream, buffer, held);
                        await stream.WriteAsync("250 OK\r\n"u8.ToArray(), _stopping.Token);
                    }
                }
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException)
            {
                // The client is gone, or the test is over.
            }
        }

        // No line of these bodies begins with a dot, so the first line that does is the end.
        private async Task<int> TakeBodyAsync(NetworkStream stream, byte[] buffer, int held)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var inBody = false;
            while (true)
            {
                var mark = inBody ? buffer.AsSpan(0, held).IndexOf("\r\n.\r\n"u8) : buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8);
                if (!inBody && mark >= 0)
                {
                    inBody = true;
                    buffer.AsSpan(mark + 4, held - mark - 4).CopyTo(buffer);
                    held -= mark + 4;
                    continue;
                }

                if (mark >= 0)
                {
                    hash.AppendData(buffer, 0, mark + 2);
                    Hashes.Add(Convert.ToHexString(hash.GetHashAndReset()));
                    buffer.AsSpan(mark + 5, held - mark - 5).CopyTo(buffer);
                    return held - mark - 5;
                }

                if (inBody && held > 4)
                {
                    hash.AppendData(buffer, 0, held - 4); // The mark may lie across two reads.
                    buffer.AsSpan(held - 4, 4).CopyTo(buffer);
                    held = 4;
                }

                held += await stream.ReadAsync(buffer.AsMemory(held), _stopping.Token) is var read && read > 0 ? read : throw new IOException("cut");
            }
        }
    }
}
