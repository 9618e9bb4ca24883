using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Why the wire gave no reply.</summary>
internal enum WireFault
{
    None,

    /// <summary>The peer closed or reset the connection.</summary>
    Closed,

    TimedOut,

    /// <summary>We were told to stop.</summary>
    Stopped,

    /// <summary>What came is no SMTP reply.</summary>
    Malformed,

    TooLong,
}

/// <summary>A reply, or why there is none.</summary>
/// <param name="Text">What is known about a fault.</param>
internal readonly record struct WireReply(PeerReply? Reply, WireFault Fault, string Text);

/// <summary>The octets to and from one peer: batches out, replies in, each wait with its own limit. One task at a time uses it.</summary>
/// <remarks>
/// No token goes into the reads and writes: a watchdog closes the socket, which ends them. It costs one timer for the
/// connection's life, where a token costs a registration for every read.
/// </remarks>
internal sealed class PeerWire : IDisposable
{
    private readonly Socket _socket;
    private readonly TimeProvider _clock;
    private readonly ITimer _watchdog;
    private readonly ReplyParser _parser = new();
    private Stream _stream;
    private PipeReader _reader;
    private long _deadline = long.MaxValue;
    private volatile WireFault _abortedBy;

    public PeerWire(Socket socket, TimeProvider clock)
    {
        (_socket, _clock) = (socket, clock);
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = PipeReader.Create(_stream, new StreamPipeReaderOptions(leaveOpen: true));
        _watchdog = clock.CreateTimer(static state => ((PeerWire)state!).OnWatchdog(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What waits to be sent.</summary>
    public OutputBuffer Output { get; } = new();

    /// <summary>Whether the connection still stands and the peer has said nothing unasked, as a 421 or a close would be.</summary>
    public bool IsQuiet
    {
        get
        {
            if (_abortedBy != WireFault.None)
            {
                return false;
            }

            if (_reader.TryRead(out var result))
            {
                _reader.AdvanceTo(result.Buffer.Start);
                return false;
            }

            try
            {
                return !_socket.Poll(0, SelectMode.SelectRead); // Readable is also what a closed or reset socket is.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Ends every wait. Any thread may call it.</summary>
    public void Stop() => Abort(WireFault.Stopped);

    /// <summary>Sends what waits in <see cref="Output"/>.</summary>
    /// <returns>False when it could not be sent; a reply may still be waiting to be read that says why.</returns>
    public async ValueTask<bool> FlushAsync(TimeSpan timeout)
    {
        try
        {
            var write = _stream.WriteAsync(Output.Written, CancellationToken.None);
            if (!write.IsCompleted)
            {
                Arm(timeout);
            }

            await write;
            return true;
        }
        catch (Exception e) when (IsPeers(e))
        {
            return false;
        }
        finally
        {
            Disarm();
            Output.Clear();
        }
    }

    /// <summary>Reads the next reply.</summary>
    /// <param name="timeout">For the whole reply, so that a peer that sends a letter a minute gains nothing.</param>
    public async ValueTask<WireReply> ReadReplyAsync(TimeSpan timeout)
    {
        try
        {
            while (true)
            {
                if (!_reader.TryRead(out var result))
                {
                    if (_deadline == long.MaxValue)
                    {
                        Arm(timeout);
                    }

                    result = await _reader.ReadAsync(CancellationToken.None);
                }

                var buffer = result.Buffer;
                var read = _parser.Read(ref buffer);
                _reader.AdvanceTo(buffer.Start);
                if (read != ReplyRead.Incomplete)
                {
                    return Result(read);
                }

                if (result.IsCompleted)
                {
                    return Cut("the peer closed the connection");
                }
            }
        }
        catch (Exception e) when (IsPeers(e))
        {
            return Cut(Describe(e));
        }
        finally
        {
            Disarm();
        }
    }

    /// <summary>Puts TLS on the connection.</summary>
    /// <returns>What went wrong; null when nothing did.</returns>
    public async Task<string?> UpgradeAsync(SslClientAuthenticationOptions options, TimeSpan timeout)
    {
        // Octets behind the reply to STARTTLS came from somebody in the middle: read later, they would
        // pass for the peer's own words under TLS (CVE-2011-0411, seen from the client).
        if (_reader.TryRead(out var leftover) && !leftover.Buffer.IsEmpty)
        {
            _reader.AdvanceTo(leftover.Buffer.End);
            return "the peer sent more than its reply to STARTTLS before TLS began";
        }

        await _reader.CompleteAsync();
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        try
        {
            Arm(timeout);
            await tls.AuthenticateAsClientAsync(options, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (e is AuthenticationException || IsPeers(e))
        {
            return _abortedBy == WireFault.TimedOut ? "the TLS handshake took too long" : Describe(e);
        }
        finally
        {
            Disarm();
            _reader = PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true));
        }
    }

    public SslStream? Tls => _stream as SslStream;

    public void Dispose()
    {
        _watchdog.Dispose();
        _reader.Complete();
        _stream.Dispose();
        _socket.Dispose();
        Output.Release();
    }

    /// <summary>The innermost message: "Connection reset by peer" says more than "Unable to read data from the transport connection".</summary>
    internal static string Describe(Exception fault)
    {
        while (fault.InnerException is { } inner)
        {
            fault = inner;
        }

        return fault.Message;
    }

    // What a peer or the network can cause; anything else is a bug of ours and goes up.
    private static bool IsPeers(Exception e) =>
        e is IOException or SocketException or ObjectDisposedException or OperationCanceledException;

    private WireReply Result(ReplyRead read) => read switch
    {
        ReplyRead.Complete => new WireReply(_parser.Reply, WireFault.None, ""),
        ReplyRead.Malformed => new WireReply(null, WireFault.Malformed, _parser.Reply.Text),
        _ => new WireReply(null, WireFault.TooLong, $"a reply of more than {ReplyParser.MaxOctets} octets"),
    };

    private WireReply Cut(string what)
    {
        var fault = _abortedBy == WireFault.None ? WireFault.Closed : _abortedBy;
        var text = fault switch
        {
            WireFault.TimedOut => "no reply in time",
            WireFault.Stopped => "stopped by this server",
            _ => what,
        };
        return new WireReply(null, fault, _parser.IsInside ? $"{text}, in the middle of a reply: {_parser.Partial}" : text);
    }

    private void Arm(TimeSpan timeout)
    {
        Volatile.Write(ref _deadline, _clock.GetTimestamp() + (long)(timeout.TotalSeconds * _clock.TimestampFrequency));
        _watchdog.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    // The timer itself is left to run out: stopping it for every reply would cost as much as the reply.
    private void Disarm() => Volatile.Write(ref _deadline, long.MaxValue);

    private void OnWatchdog()
    {
        var deadline = Volatile.Read(ref _deadline);
        if (deadline == long.MaxValue)
        {
            return;
        }

        var left = deadline - _clock.GetTimestamp();
        if (left > 0)
        {
            // Set for an earlier wait, or the timer's clock runs a little ahead of the timestamps.
            var wait = TimeSpan.FromSeconds((double)left / _clock.TimestampFrequency) + TimeSpan.FromMilliseconds(1);
            _watchdog.Change(wait, Timeout.InfiniteTimeSpan);
            return;
        }

        Abort(WireFault.TimedOut);
    }

    private void Abort(WireFault why)
    {
        if (_abortedBy == WireFault.None)
        {
            _abortedBy = why;
            _socket.Dispose();
        }
    }
}
