using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Waybill.EndToEnd.Cases;

/// <summary>The client's end of a case: octets out as they are, replies in with patience.</summary>
internal sealed partial class CaseWire(IPEndPoint server) : IAsyncDisposable
{
    private readonly List<byte> _input = [];
    private Socket? _socket;
    private Stream? _stream;
    private Task<int>? _reading;
    private byte[] _chunk = new byte[65_536];

    /// <summary>Whether the server has closed.</summary>
    public bool IsClosed { get; private set; }

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await CloseAsync();
        _input.Clear();
        (IsClosed, _reading, _chunk) = (false, null, new byte[65_536]);
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(server, cancellationToken);
        _stream = new NetworkStream(_socket, ownsSocket: true);
    }

    public async Task SendAsync(byte[] octets, CancellationToken cancellationToken)
    {
        try
        {
            await _stream!.WriteAsync(octets, cancellationToken);
        }
        catch (IOException)
        {
            IsClosed = true; // What the server said before it went is still to be read.
        }
    }

    /// <summary>The next reply, its lines joined by a line feed; null when none came in time.</summary>
    public async Task<string?> ReplyAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var lines = new List<string>();
        while (true)
        {
            while (TakeLine() is { } line)
            {
                lines.Add(line);
                if (!Continued().IsMatch(line))
                {
                    return string.Join('\n', lines);
                }
            }

            var left = within - TimeProvider.System.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !await FillAsync(left, cancellationToken))
            {
                return lines.Count > 0 && IsClosed ? string.Join('\n', lines) : null;
            }
        }
    }

    /// <summary>Waits until the server closes.</summary>
    public async Task<bool> ClosesAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!IsClosed && within > TimeProvider.System.GetElapsedTime(start))
        {
            await FillAsync(within - TimeProvider.System.GetElapsedTime(start), cancellationToken);
        }

        return IsClosed;
    }

    /// <summary>Shakes hands. What came in clear behind the 220 stays where the next reply is read: a server must not have sent it.</summary>
    public async Task StartTlsAsync(CancellationToken cancellationToken)
    {
        var tls = new SslStream(_stream!, leaveInnerStreamOpen: false);
        _stream = tls;

        // What is tested is the dialogue; the certificate is a self-signed one.
#pragma warning disable CA5359
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true },
            cancellationToken);
#pragma warning restore CA5359
    }

    public async Task CloseAsync()
    {
        if (_stream is { } stream)
        {
            _stream = null;
            await stream.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    private string? TakeLine()
    {
        var end = _input.IndexOf((byte)'\n');
        if (end < 0)
        {
            return null;
        }

        var line = Encoding.Latin1.GetString([.. _input[..end]]).TrimEnd('\r');
        _input.RemoveRange(0, end + 1);
        return line;
    }

    // One read is out at a time; a reply that did not come in time is taken by whoever asks next.
    private async Task<bool> FillAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        if (IsClosed && _reading is null)
        {
            return false;
        }

        try
        {
            _reading ??= _stream!.ReadAsync(_chunk, CancellationToken.None).AsTask();
            var read = await _reading.WaitAsync(within, TimeProvider.System, cancellationToken);
            _reading = null;
            _input.AddRange(_chunk.AsSpan(0, read));
            IsClosed |= read == 0;
            return read > 0;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            (_reading, IsClosed) = (null, true);
            return false;
        }
    }

    [GeneratedRegex("^[0-9]{3}-")]
    private static partial Regex Continued();
}
