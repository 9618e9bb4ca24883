using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;

namespace Waybill.Engine.Delivering.Client;

/// <summary>What came of opening a connection.</summary>
public abstract record OpenResult
{
    private OpenResult() { } // Closed: the records below are all there are.

    /// <summary>The peer is ready for MAIL. The caller owns the connection and closes it.</summary>
    public sealed record Opened(SmtpClientConnection Connection) : OpenResult;

    /// <summary>No host of the route was ready.</summary>
    public sealed record NotOpened(UnsentAttempt Attempt) : OpenResult;
}

/// <summary>Opens connections to next hops: goes through hosts and addresses until one is ready for mail. Any thread may call it.</summary>
public sealed class SmtpConnector(
    IOptions<SmtpClientOptions> options, AttemptJudge judge, TimeProvider clock, Random random, ILogger<SmtpConnector> logger)
{
    private readonly SmtpClientOptions _options = options.Value;
    private readonly string _clientName = NameOf(options.Value);

    /// <summary>Opens a connection to the first host of the route that is ready for mail.</summary>
    /// <remarks>Throws only for bugs: what hosts and networks do is in the result.</remarks>
    /// <param name="cancellationToken">Ends it; the result is then an attempt that does not count.</param>
    public async Task<OpenResult> OpenAsync(Route.Hosts route, CancellationToken cancellationToken)
    {
        var (startedAt, started) = (clock.GetUtcNow(), clock.GetTimestamp());
        var transcript = new Transcript(clock);
        foreach (var note in route.Notes)
        {
            transcript.Note(note);
        }

        OpeningFailure? failure = null;
        var left = _options.MaxAddresses;
        foreach (var host in MxSelection.InOrderOfTrial(route.MxHosts, random))
        {
            foreach (var address in host.Addresses)
            {
                if (cancellationToken.IsCancellationRequested || left-- == 0)
                {
                    break;
                }

                var facts = new ConnectionFacts
                {
                    NextHop = route.Name,
                    Host = host.Name,
                    Address = new IPEndPoint(address, host.Port).ToString(),
                    SourceAddress = "",
                    ClientName = _clientName,
                    OpenedAt = startedAt,
                    OpenedTimestamp = started,
                };
                var opened = await TryAddressAsync(new IPEndPoint(address, host.Port), facts, transcript, cancellationToken);
                if (opened.Connection is { } connection)
                {
                    return new OpenResult.Opened(connection);
                }

                // A host that spoke tells more than one that could not be reached, whichever came last.
                failure = opened.Failure!.BySomeone || failure is not { BySomeone: true } ? opened.Failure : failure;
            }
        }

        return NotOpened(failure, route, transcript, started, startedAt, cancellationToken);
    }

    private async Task<Opening> TryAddressAsync(
        IPEndPoint endpoint, ConnectionFacts facts, Transcript transcript, CancellationToken cancellationToken)
    {
        var opening = await OpenOnceAsync(endpoint, facts, transcript, _options.Tls, cancellationToken);
        if (opening.Failure is not { Stage: DialogueStage.Tls } || _options.Tls != TlsPolicy.Opportunistic || cancellationToken.IsCancellationRequested)
        {
            return opening;
        }

        // RFC 7435 §3: opportunistic means that broken TLS is no worse than none; said in the timeline, never in silence.
        transcript.Note("TLS is not required of this host: connecting again without it");
        logger.FellBackToClear(facts.Host);
        return await OpenOnceAsync(endpoint, facts, transcript, TlsPolicy.Never, cancellationToken);
    }

    private async Task<Opening> OpenOnceAsync(
        IPEndPoint endpoint, ConnectionFacts facts, Transcript transcript, TlsPolicy tls, CancellationToken cancellationToken)
    {
        transcript.Note($"connecting to {facts.Host} at {facts.Address}");
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (await ConnectAsync(socket, endpoint, cancellationToken) is { } problem)
        {
            socket.Dispose();
            transcript.Note(problem);
            return new Opening(null, new OpeningFailure(facts, DialogueStage.Connection, OutcomeRules.OfSilence(DialogueStage.Connection, $"{facts.Host} {facts.Address}: {problem}", false, false)));
        }

        facts = facts with { SourceAddress = socket.LocalEndPoint?.ToString() ?? "" };
        transcript.Note($"connected from {facts.SourceAddress}");
        var wire = new PeerWire(socket, clock);
        var greeting = new PeerGreeting(wire, transcript, _options, facts);
        using (cancellationToken.UnsafeRegister(static state => ((PeerWire)state!).Stop(), wire))
        {
            if (await greeting.RunAsync(tls) is { } failure)
            {
                wire.Dispose();
                return new Opening(null, failure);
            }
        }

        transcript.KeepAsOpening();
        return new Opening(new SmtpClientConnection(wire, transcript, greeting.Facts, _options, judge, clock, logger), null);
    }

    private async Task<string?> ConnectAsync(Socket socket, IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, clock);
        using var registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), timeout);
        try
        {
            await socket.ConnectAsync(endpoint, timeout.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            return cancellationToken.IsCancellationRequested ? "stopped by this server" : "no connection in time";
        }
        catch (SocketException e)
        {
            return e.Message;
        }
    }

    private OpenResult.NotOpened NotOpened(
        OpeningFailure? failure, Route.Hosts route, Transcript transcript, long started, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var attempt = new Attempt
        {
            StartedAt = startedAt,
            EndedAt = clock.GetUtcNow(),
            NextHop = route.Name,
            Host = failure?.Facts.Host ?? "",
            Address = failure?.Facts.Address ?? "",
            SourceAddress = failure?.Facts.SourceAddress ?? "",
            ClientName = _clientName,
            Tls = failure?.Facts.Tls,
            Dialogue = transcript.Since(started),
        };
        if (failure is null || cancellationToken.IsCancellationRequested)
        {
            return new OpenResult.NotOpened(new UnsentAttempt(
                attempt, new Verdict(EventKind.Deferred, new(4, 3, 2), "Stopped by this server before a connection was open") { TryAgainAtOnce = true }));
        }

        if (failure.IsIncident)
        {
            logger.RefusedAtTheDoor(route.Name, failure.Stage.ToString(), failure.Code);
        }

        return new OpenResult.NotOpened(new UnsentAttempt(attempt, failure.Verdict, failure.IsIncident));
    }

    private static string NameOf(SmtpClientOptions options)
    {
        if (options.ClientName.Length > 0)
        {
            return options.ClientName;
        }

        // An address literal where the machine has no name that EHLO could carry (RFC 5321 §4.1.3).
        return Mail.Addressing.DomainName.TryParse(Dns.GetHostName(), out var name) ? name.Ascii : "[127.0.0.1]";
    }

    private readonly record struct Opening(SmtpClientConnection? Connection, OpeningFailure? Failure);
}
