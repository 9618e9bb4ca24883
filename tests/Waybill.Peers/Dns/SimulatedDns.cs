using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Waybill.Peers.Dns;

/// <summary>An authoritative DNS server on loopback, UDP and TCP on one port, over a <see cref="SimulatedZone"/>.</summary>
public sealed class SimulatedDns : IAsyncDisposable
{
    private const int MaxUdpOctets = 4096;
    private static readonly TimeSpan IdleTcp = TimeSpan.FromSeconds(10);

    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, bool> _conversations = new();
    private readonly Task _udpLoop;
    private readonly Task _tcpLoop;

    private SimulatedDns(Socket udp, Socket tcp, SimulatedZone zone, TimeProvider clock)
    {
        (_udp, _tcp, Zone, _clock) = (udp, tcp, zone, clock);
        EndPoint = (IPEndPoint)udp.LocalEndPoint!;
        _udpLoop = AnswerDatagramsAsync(_stopping.Token);
        _tcpLoop = AcceptAsync(_stopping.Token);
    }

    public SimulatedZone Zone { get; }

    public DnsJournal Journal { get; } = new();

    /// <summary>Where to ask, over UDP or TCP.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts a server on a loopback address; port 0 lets the system choose.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static SimulatedDns Start(SimulatedZone zone, IPEndPoint? at = null, TimeProvider? clock = null)
    {
        var wanted = at ?? new IPEndPoint(IPAddress.Loopback, 0);
        if (!IPAddress.IsLoopback(wanted.Address))
        {
            throw new ArgumentException("The simulated DNS stays on loopback.", nameof(at));
        }

        for (var tries = 1; ; tries++)
        {
            var udp = new Socket(wanted.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            var tcp = new Socket(wanted.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                udp.Bind(wanted);
                tcp.Bind(udp.LocalEndPoint!);
                tcp.Listen();
                return new SimulatedDns(udp, tcp, zone, clock ?? TimeProvider.System);
            }
            catch (SocketException)
            {
                udp.Dispose();
                tcp.Dispose();

                // A port the system chose for UDP may be taken for TCP; another one will do.
                if (wanted.Port != 0 || tries == 20)
                {
                    throw;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await Task.WhenAll([_udpLoop, _tcpLoop, .. _conversations.Keys]);
        _stopping.Dispose();
    }

    private async Task AnswerDatagramsAsync(CancellationToken stopping)
    {
        var buffer = GC.AllocateArray<byte>(MaxUdpOctets, pinned: true);
        var anyone = new IPEndPoint(_udp.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, anyone, stopping);
                var asker = (IPEndPoint)received.RemoteEndPoint;
                if (Answer(buffer.AsSpan(0, received.ReceivedBytes), asker.Address, overTcp: false) is { } answer)
                {
                    await _udp.SendToAsync(answer, asker, stopping);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An asker that closed its socket is told to us by the next receive; the others still wait.
            }
        }
    }

    private async Task AcceptAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await _tcp.AcceptAsync(stopping);
                var task = ConverseAsync(connection, stopping);
                _conversations.TryAdd(task, true);
                _ = task.ContinueWith(t => _conversations.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    // RFC 1035 §4.2.2: each message behind two octets of length.
    private async Task ConverseAsync(Socket connection, CancellationToken stopping)
    {
        using var idle = new CancellationTokenSource(IdleTcp, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, idle.Token);
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        var asker = ((IPEndPoint)connection.RemoteEndPoint!).Address;
        var length = new byte[2];
        try
        {
            while (await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, either.Token) == 2)
            {
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(question, either.Token);
                if (Answer(question, asker, overTcp: true) is not { } answer)
                {
                    continue;
                }

                var framed = new byte[answer.Length + 2];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
                answer.CopyTo(framed, 2);
                await stream.WriteAsync(framed, either.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The asker went away or waited too long; either way its conversation is over.
        }
    }

    private byte[]? Answer(ReadOnlySpan<byte> octets, IPAddress asker, bool overTcp)
    {
        if (!DnsMessage.TryRead(octets, out var query) || query.IsResponse)
        {
            return null;
        }

        var fault = Zone.FaultOf(query.Question.Name);
        if (fault == DnsFault.Timeout)
        {
            Journal.Add(new DnsJournalEntry(_clock.GetUtcNow(), asker, query.Question, null, overTcp));
            return null;
        }

        var (code, answers, authority) = (query.OperationCode, fault) switch
        {
            (not 0, _) => (DnsCode.NotImplemented, [], []),
            (_, DnsFault.ServerFailure) => (DnsCode.ServerFailure, [], []),
            _ => Zone.Answer(query.Question),
        };
        Journal.Add(new DnsJournalEntry(_clock.GetUtcNow(), asker, query.Question, code, overTcp));
        var reply = query with
        {
            IsResponse = true,
            Code = code,
            Answers = answers,
            Authority = authority,
            UdpOctets = (ushort)(query.UdpOctets > 0 ? MaxUdpOctets : 0),
        };
        if (overTcp)
        {
            return reply.Write(ushort.MaxValue);
        }

        return fault == DnsFault.TruncatedOverUdp
            ? (reply with { Answers = [], Authority = [], IsTruncated = true }).Write(MaxUdpOctets)
            : reply.Write(Math.Clamp((int)query.UdpOctets, DnsMessage.PlainUdpOctets, MaxUdpOctets));
    }
}
