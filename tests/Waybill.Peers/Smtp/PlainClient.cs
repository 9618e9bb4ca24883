using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Waybill.Mail.Smtp;

namespace Waybill.Peers.Smtp;

/// <summary>A client double that says one thing at a time and hands back every reply; it decides nothing.</summary>
public sealed class PlainClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private Stream _stream;
    private WireReader _reader;

    private PlainClient(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new WireReader(_stream);
    }

    /// <summary>The TLS in use, or null.</summary>
    public SslStream? Tls => _stream as SslStream;

    /// <summary>Connects to a loopback address; the greeting is still to be read.</summary>
    /// <exception cref="SocketException">Nothing listens there.</exception>
    public static async Task<PlainClient> ConnectAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        if (!IPAddress.IsLoopback(server.Address))
        {
            throw new ArgumentException("The client double stays on loopback.", nameof(server));
        }

        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancellationToken);
            return new PlainClient(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads one reply.</summary>
    /// <exception cref="EndOfStreamException">The server closed instead.</exception>
    public async Task<PeerReply> ReadReplyAsync(CancellationToken cancellationToken)
    {
        var lines = new StringBuilder();
        while (await _reader.ReadLineAsync(cancellationToken) is { } line)
        {
            lines.Append(lines.Length > 0 ? "\n" : "").Append(line);
            if (line.Length < 4 || line[3] != '-')
            {
                return new PeerReply(line.Length >= 3 && int.TryParse(line.AsSpan(0, 3), out var code) ? code : 0, lines.ToString());
            }
        }

        throw new EndOfStreamException("The server closed without a reply.");
    }

    /// <summary>Sends a command, CRLF added, and reads its reply.</summary>
    public async Task<PeerReply> SayAsync(string command, CancellationToken cancellationToken)
    {
        await SendAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancellationToken);
        return await ReadReplyAsync(cancellationToken);
    }

    /// <summary>Sends octets as they are.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken) =>
        _stream.WriteAsync(octets, cancellationToken);

    /// <summary>Sends content after DATA, dot-stuffed and with the final dot, and reads the reply.</summary>
    public async Task<PeerReply> SendContentAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await SendAsync(Stuff(content.Span), cancellationToken);
        return await ReadReplyAsync(cancellationToken);
    }

    /// <summary>Says STARTTLS and shakes hands, whatever the certificate; the reply when it was not 220.</summary>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The handshake failed.</exception>
    public async Task<PeerReply> StartTlsAsync(string host, CancellationToken cancellationToken)
    {
        var reply = await SayAsync("STARTTLS", cancellationToken);
        if (reply.Code != 220)
        {
            return reply;
        }

        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        (_stream, _reader) = (tls, new WireReader(tls));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = host,

                // A self-signed certificate is what a double has; what is tested is the dialogue.
#pragma warning disable CA5359
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
            cancellationToken);
        return reply;
    }

    /// <summary>Submits a whole message in lock-step: EHLO, MAIL, RCPT, DATA. The reply that ended it, good or bad.</summary>
    public async Task<PeerReply> SubmitAsync(string reversePath, IEnumerable<string> recipients, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var reply = await ReadReplyAsync(cancellationToken);
        foreach (var command in (string[])["EHLO client.test", $"MAIL FROM:<{reversePath}>", .. recipients.Select(r => $"RCPT TO:<{r}>"), "DATA"])
        {
            if (!reply.IsPositive)
            {
                return reply;
            }

            reply = await SayAsync(command, cancellationToken);
        }

        return reply.Code == 354 ? await SendContentAsync(content, cancellationToken) : reply;
    }

    /// <summary>Ends the connection with a reset, as a crash would.</summary>
    public void Cut() => _socket.Close(0);

    public async ValueTask DisposeAsync() => await _stream.DisposeAsync();

    private static byte[] Stuff(ReadOnlySpan<byte> content)
    {
        var octets = new MemoryStream(content.Length + 64);
        var atLineStart = true;
        foreach (var octet in content)
        {
            if (atLineStart && octet == '.')
            {
                octets.WriteByte((byte)'.');
            }

            octets.WriteByte(octet);
            atLineStart = octet == '\n';
        }

        octets.Write(atLineStart ? ".\r\n"u8 : "\r\n.\r\n"u8);
        return octets.ToArray();
    }
}
