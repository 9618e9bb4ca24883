using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Accepting;
using Waybill.Engine.Recording;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Listening;

/// <summary>What a connection needs, whichever listener took it.</summary>
public sealed record ListeningParts(
    SubmissionParts Submission,
    CertificateSource Certificates,
    ConnectionWatch Watch,
    ListeningOptions Options,
    ILogger<SmtpConnectionHandler> Logger);

/// <summary>Runs a submission session on a connection of Kestrel's: PROXY header, TLS, STARTTLS, limits of connections.</summary>
public sealed class SmtpConnectionHandler(ListeningParts services, SmtpListener listener, CancellationToken stopping)
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(30);
    private static readonly SmtpReply TooManyConnections = new(421, new(4, 7, 0), "Too many connections from your address; try again in a moment");
    private static readonly SmtpReply Full = new(421, new(4, 3, 2), "Too many connections; try again in a moment");

    /// <summary>Serves one connection until it ends.</summary>
    public async Task RunAsync(ConnectionContext connection)
    {
        EngineMetrics.Connections.Add(1, new KeyValuePair<string, object?>("direction", "in"));
        EngineMetrics.Sessions.Add(1);
        try
        {
            await ServeAsync(connection);
        }
        catch (Exception fault) when (fault is IOException or ConnectionAbortedException or ConnectionResetException or OperationCanceledException or AuthenticationException)
        {
            services.Logger.HandshakeFailed(fault.Message); // The client is gone; what it had not finished is gone with it.
        }
        catch (Exception fault)
        {
            services.Logger.ConnectionFaulted(fault);
        }
        finally
        {
            EngineMetrics.Sessions.Add(-1);
        }
    }

    private async Task ServeAsync(ConnectionContext connection)
    {
        var client = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (listener.ProxyNetworks.Count > 0)
        {
            if (!listener.ProxyNetworks.Any(network => network.Contains(Plain(client)))
                || await ReadProxyHeaderAsync(connection.Transport.Input) is not (true, var named))
            {
                services.Logger.BadProxyHeader(listener.Name);
                return;
            }

            client = named ?? client;
        }

        client = Plain(client);
        var counted = !IPAddress.IsLoopback(client) && !listener.Policy.Trusts(client);
        if (services.Watch.Count >= services.Options.MaxConnections)
        {
            await RefuseAsync(connection.Transport.Output, Full);
            return;
        }

        if (counted && !services.Watch.TryEnter(client, services.Options.MaxConnectionsPerAddress))
        {
            await RefuseAsync(connection.Transport.Output, TooManyConnections);
            return;
        }

        try
        {
            await SessionAsync(connection.Transport, client);
        }
        finally
        {
            if (counted)
            {
                services.Watch.Leave(client);
            }
        }
    }

    private async Task SessionAsync(IDuplexPipe transport, IPAddress client)
    {
        SslStream? tls = null;
        try
        {
            if (listener.Tls == ListenerTls.Implicit)
            {
                tls = await HandshakeAsync(transport);
            }

            var session = new SubmissionSession(services.Submission.Options, listener.Policy, client, tls is null ? null : Describe(tls));
            var end = await RunSessionAsync(session, transport, tls, greet: true);
            if (end == SessionStep.StartTls)
            {
                tls = await HandshakeAsync(transport);
                session.TlsStarted(Describe(tls));
                await RunSessionAsync(session, transport, tls, greet: false);
            }

            if (tls is not null)
            {
                await tls.ShutdownAsync();
            }
        }
        finally
        {
            if (tls is not null)
            {
                await tls.DisposeAsync();
            }
        }
    }

    private async Task<SessionStep> RunSessionAsync(SubmissionSession session, IDuplexPipe transport, SslStream? tls, bool greet)
    {
        var input = tls is null ? transport.Input : PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true));
        var output = tls is null ? transport.Output : PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true));
        var running = new SubmissionConnection(services.Submission, session, input, output);
        services.Watch.Add(running);
        try
        {
            await using var stop = stopping.Register(static state => ((SubmissionConnection)state!).Interrupt(), running);
            return await running.RunAsync(greet, stopping);
        }
        finally
        {
            services.Watch.Remove(running);
        }
    }

    private async Task<SslStream> HandshakeAsync(IDuplexPipe transport)
    {
        var tls = new SslStream(new DuplexPipeStream(transport), leaveInnerStreamOpen: true);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            patience.CancelAfter(HandshakeTimeout);
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = services.Certificates.Current,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                },
                patience.Token);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static async Task<(bool Read, IPAddress? Client)> ReadProxyHeaderAsync(PipeReader input)
    {
        using var patience = new CancellationTokenSource(HandshakeTimeout);
        while (true)
        {
            var read = await input.ReadAsync(patience.Token);
            var buffer = read.Buffer;
            var done = ProxyHeader.TryRead(ref buffer, out var client);
            input.AdvanceTo(buffer.Start, done is null ? read.Buffer.End : buffer.Start);
            if (done is not null || read.IsCompleted)
            {
                return (done == true, client);
            }
        }
    }

    private static async Task RefuseAsync(PipeWriter output, SmtpReply reply)
    {
        await output.WriteAsync(reply.Wire.ToArray(), CancellationToken.None);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static string Describe(SslStream tls) =>
        $"{(tls.SslProtocol == SslProtocols.Tls13 ? "TLS 1.3" : "TLS 1.2")} {tls.NegotiatedCipherSuite}";
}
