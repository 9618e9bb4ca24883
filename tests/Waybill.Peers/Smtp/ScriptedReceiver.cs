using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Waybill.Peers.Smtp;

/// <summary>An SMTP server double on loopback: it does what its script says and writes down what happens.</summary>
/// <remarks>It is not strict: what a client may not do is remarked in the journal and answered as a tolerant server would.</remarks>
public sealed class ScriptedReceiver : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly ReceiverOptions _options;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ReceiverSession, Task> _sessions = new();
    private readonly Lazy<X509Certificate2> _certificate;
    private readonly Task _accepting;
    private ReceiverScript _script;

    private ScriptedReceiver(Socket listener, ReceiverScript script, ReceiverOptions options, TimeProvider clock)
    {
        (_listener, _script, _options, Clock) = (listener, script, options, clock);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        Journal = new ReceiverJournal(options.KeptEntries, options.KeptMessages);
        _certificate = new(() => PeerCertificate.SelfSigned(Script.Host, clock));
        _accepting = AcceptAsync(_stopping.Token);
    }

    public IPEndPoint EndPoint { get; }

    public ReceiverJournal Journal { get; }

    /// <summary>The script; a new one holds from the next command on.</summary>
    public ReceiverScript Script
    {
        get => Volatile.Read(ref _script);
        set => Volatile.Write(ref _script, value);
    }

    /// <summary>The certificate that STARTTLS shows.</summary>
    public X509Certificate2 Certificate => _certificate.Value;

    internal TimeProvider Clock { get; }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static ScriptedReceiver Start(ReceiverScript? script = null, ReceiverOptions? options = null, TimeProvider? clock = null)
    {
        options ??= new ReceiverOptions();
        if (!IPAddress.IsLoopback(options.EndPoint.Address))
        {
            throw new ArgumentException("A scripted receiver stays on loopback.", nameof(options));
        }

        var listener = new Socket(options.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(options.EndPoint);
            listener.Listen(1024);
            return new ScriptedReceiver(listener, script ?? new ReceiverScript(), options, clock ?? TimeProvider.System);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Cuts every connection that is open, as a crash of the receiver would.</summary>
    public void CutConnections()
    {
        foreach (var session in _sessions.Keys)
        {
            session.Cut();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_sessions.Values);
        if (_certificate.IsValueCreated)
        {
            _certificate.Value.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task AcceptAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                var connection = await _listener.AcceptAsync(stopping);
                var session = new ReceiverSession(this, _options, connection);
                _sessions.TryAdd(session, Task.CompletedTask);

                // The session takes itself out when it ends; if it has ended already, there is nothing to wait for.
                _sessions.TryUpdate(session, ConverseAsync(session, stopping), Task.CompletedTask);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that hung up before it was accepted does not stop the listener.
            }
        }
    }

    private async Task ConverseAsync(ReceiverSession session, CancellationToken stopping)
    {
        try
        {
            await session.RunAsync(isOneTooMany: _sessions.Count > _options.MaxSessions, stopping);
        }
        finally
        {
            _sessions.TryRemove(session, out _);
        }
    }
}
