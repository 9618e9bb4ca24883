using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Waybill.Tests.Delivering;

/// <summary>A receiving server on loopback that follows a script, and a journal of what it was told.</summary>
internal sealed class ScriptedPeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    /// <param name="scripts">One for each connection in turn; the last one repeats.</param>
    public ScriptedPeer(params Func<PeerSession, Task>[] scripts)
    {
        _listener.Start();
        _serving = ServeAsync(scripts);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Journal { get; } = new();

    public int Connections { get; private set; }

    /// <summary>A server that offers <paramref name="extensions"/> and takes everything.</summary>
    public static Func<PeerSession, Task> Accepting(params string[] extensions) => async session =>
    {
        await session.SayAsync("220 mx.example ESMTP");
        await session.ServeAsync(extensions);
    };

    /// <summary>Waits until the journal holds such a line; fails after ten seconds.</summary>
    public async Task HeardAsync(Predicate<string> wanted)
    {
        for (var i = 0; i < 1000 && !Journal.Any(line => wanted(line)); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, _stop.Token);
        }

        Assert.Contains(Journal, wanted);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
    }

    private async Task ServeAsync(Func<PeerSession, Task>[] scripts)
    {
        try
        {
            while (true)
            {
                using var socket = await _listener.AcceptSocketAsync(_stop.Token);
                var script = scripts[Math.Min(Connections++, scripts.Length - 1)];
                using var session = new PeerSession(socket, Journal, _stop.Token);
                try
                {
                    await script(session);
                }
                catch (Exception e) when (e is IOException or SocketException or AuthenticationException or EndOfStreamException or ObjectDisposedException)
                {
                    Journal.Enqueue("-- cut --");
                }
            }
        }
        catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }
}

/// <summary>One connection as the script sees it.</summary>
internal sealed class PeerSession(Socket socket, ConcurrentQueue<string> journal, CancellationToken stop) : IDisposable
{
    private static readonly Lazy<X509Certificate2> SelfSigned = new(MakeCertificate);

    private Stream _stream = new NetworkStream(socket);
    private readonly byte[] _one = new byte[1];

    /// <summary>What the peer answers to a command that begins so, instead of agreeing; null cuts the connection.</summary>
    public Dictionary<string, string?> Answers { get; } = [];

    public Task SayAsync(string lines) => _stream.WriteAsync(Encoding.UTF8.GetBytes(lines.ReplaceLineEndings("\r\n") + "\r\n"), stop).AsTask();

    public Task SayRawAsync(byte[] octets) => _stream.WriteAsync(octets, stop).AsTask();

    public async Task<string> HearAsync()
    {
        var line = new List<byte>();
        while (await _stream.ReadAsync(_one, stop) == 1)
        {
            line.Add(_one[0]);
            if (line.Count > 1 && line[^2] == '\r' && line[^1] == '\n')
            {
                var text = Encoding.UTF8.GetString([.. line])[..^2];
                journal.Enqueue(text);
                return text;
            }
        }

        throw new EndOfStreamException();
    }

    /// <summary>Reads content up to the dot, and writes it into the journal as one entry.</summary>
    public async Task HearContentAsync()
    {
        var content = new List<byte>();
        while (content is not [.., (byte)'\r', (byte)'\n', (byte)'.', (byte)'\r', (byte)'\n'] && !(content.Count == 3 && content[0] == '.'))
        {
            if (await _stream.ReadAsync(_one, stop) == 0)
            {
                journal.Enqueue($"content cut after {content.Count}");
                throw new EndOfStreamException();
            }

            content.Add(_one[0]);
        }

        journal.Enqueue("content:" + Encoding.UTF8.GetString([.. content]));
    }

    public async Task HearOctetsAsync(int count)
    {
        var octets = new byte[count];
        await _stream.ReadExactlyAsync(octets, stop);
        journal.Enqueue("content:" + Encoding.UTF8.GetString(octets));
    }

    public async Task StartTlsAsync()
    {
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = SelfSigned.Value }, stop);
        _stream = tls;
    }

    /// <summary>Agrees to everything but what <see cref="Answers"/> says, until QUIT or the end.</summary>
    public async Task ServeAsync(params string[] extensions)
    {
        while (true)
        {
            var command = await HearAsync();
            if (Answers.FirstOrDefault(answer => command.StartsWith(answer.Key, StringComparison.Ordinal)) is { Key: not null } scripted)
            {
                if (command.StartsWith("BDAT", StringComparison.Ordinal))
                {
                    await HearOctetsAsync(BdatOctets(command));
                }

                if (scripted.Value is not { } answer)
                {
                    return;
                }

                await SayAsync(answer);
                continue;
            }

            if (!await AgreeAsync(command, extensions))
            {
                return;
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    private async Task<bool> AgreeAsync(string command, string[] extensions)
    {
        switch (command.Split(' ', ':')[0])
        {
            case "EHLO":
                string[] lines = ["mx.example", .. extensions];
                await SayAsync(string.Join('\n', lines.Select((line, i) => (i == lines.Length - 1 ? "250 " : "250-") + line)));
                return true;
            case "STARTTLS":
                await SayAsync("220 2.0.0 go on");
                await StartTlsAsync();
                return true;
            case "DATA":
                await SayAsync("354 go on");
                await HearContentAsync();
                return await EndOfDataAsync();
            case "BDAT":
                await HearOctetsAsync(BdatOctets(command));
                return await EndOfDataAsync();
            case "QUIT":
                await SayAsync("221 2.0.0 bye");
                return false;
            default:
                await SayAsync($"250 2.0.0 {command.Split(' ', ':')[0]} taken");
                return true;
        }
    }

    private async Task<bool> EndOfDataAsync()
    {
        var answer = Answers.GetValueOrDefault(".", "250 2.0.0 queued as 4Xy-1");
        if (answer is not null)
        {
            await SayAsync(answer);
        }

        return answer is not null;
    }

    private static int BdatOctets(string command) =>
        int.Parse(command.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=mx.elsewhere.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
