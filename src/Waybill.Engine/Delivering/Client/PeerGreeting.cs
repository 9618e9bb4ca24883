using System.Text;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Why a host was not ready for mail.</summary>
/// <param name="Code">Its reply code; 0 where it gave none.</param>
internal sealed record OpeningFailure(ConnectionFacts Facts, DialogueStage Stage, Verdict Verdict, int Code = 0)
{
    /// <summary>Whether the host itself said no.</summary>
    public bool BySomeone => Code != 0;

    // 5yz before any message is the next hop's word about this server as a whole.
    public bool IsIncident => Code >= 500 && Stage is (DialogueStage.Greeting or DialogueStage.Ehlo);
}

/// <summary>The dialogue before the first message: greeting, EHLO or HELO, STARTTLS, EHLO again (RFC 5321 §3.1, §3.2; RFC 3207).</summary>
internal sealed class PeerGreeting(PeerWire wire, Transcript transcript, SmtpClientOptions options, ConnectionFacts facts)
{
    /// <summary>What was learned; grows while <see cref="RunAsync"/> runs.</summary>
    public ConnectionFacts Facts { get; private set; } = facts;

    /// <summary>Brings the peer to where it takes MAIL.</summary>
    /// <returns>Null when it is ready.</returns>
    public async Task<OpeningFailure?> RunAsync(TlsPolicy policy)
    {
        var greeting = await ReadAsync(options.GreetingTimeout);
        if (Refused(DialogueStage.Greeting, greeting) is { } refused)
        {
            return refused;
        }

        if (await HelloAsync() is { } failure)
        {
            return failure;
        }

        return policy == TlsPolicy.Never ? null : await SecureAsync(policy);
    }

    private async Task<OpeningFailure?> HelloAsync()
    {
        var reply = await AskAsync($"EHLO {Facts.ClientName}", options.CommandTimeout);
        if (reply.Reply is { Class: 2 } offered)
        {
            Facts = Facts with { Extensions = PeerExtensions.Parse(offered) };
            return null;
        }

        // RFC 5321 §3.2: a server that does not know EHLO says 5yz and gets HELO. 554 and 521 mean that it takes no mail at all.
        if (reply.Reply is not { Code: 500 or 501 or 502 or 504 or 550 })
        {
            return Refused(DialogueStage.Ehlo, reply);
        }

        Facts = Facts with { Extensions = PeerExtensions.None };
        return Refused(DialogueStage.Ehlo, await AskAsync($"HELO {Facts.ClientName}", options.CommandTimeout));
    }

    private async Task<OpeningFailure?> SecureAsync(TlsPolicy policy)
    {
        var required = policy is TlsPolicy.Require or TlsPolicy.RequireValid;
        if (!Facts.Extensions.StartTls)
        {
            return required ? NoTls("the server does not offer STARTTLS") : null;
        }

        var reply = await AskAsync("STARTTLS", options.CommandTimeout);
        if (reply.Reply is null || reply.Reply.Code == 421)
        {
            return Refused(DialogueStage.Tls, reply);
        }

        if (reply.Reply.Code != 220)
        {
            // RFC 3207 §4: offered and refused. Without a policy the dialogue goes on where it stood.
            transcript.Note("STARTTLS was refused: going on in clear");
            return required ? NoTls($"STARTTLS was refused: {reply.Reply.OnOneLine}") : null;
        }

        var handshake = new TlsHandshake(Facts.Host, policy);
        if (await wire.UpgradeAsync(handshake.Options, options.HandshakeTimeout) is { } problem)
        {
            transcript.Note($"TLS failed: {problem}");
            return policy == TlsPolicy.RequireValid && handshake.Problem is { } flaw
                ? NoTls($"the certificate was not accepted: {flaw}")
                : NoTls(problem);
        }

        var agreed = handshake.Facts(wire.Tls!);
        Facts = Facts with { Tls = agreed };
        transcript.Note(agreed.CertificateProblem is { } doubt
            ? $"TLS: {agreed}, certificate {agreed.CertificateSubject} (not verified: {doubt})"
            : $"TLS: {agreed}, certificate {agreed.CertificateSubject}");

        // What was offered in clear no longer counts (RFC 3207 §4.2). A peer that falls silent here has dropped out of
        // the handshake: TLS 1.3 lets a server refuse only after the client believes it is done.
        var failure = await HelloAsync();
        return failure is { BySomeone: false } ? failure with { Stage = DialogueStage.Tls } : failure;
    }

    // The stage tells the connector that another try in clear may do.
    private OpeningFailure NoTls(string problem) => new(Facts, DialogueStage.Tls, OutcomeRules.OfTls(problem));

    private OpeningFailure? Refused(DialogueStage stage, WireReply answer) => answer.Reply switch
    {
        null => new OpeningFailure(
            Facts, stage, OutcomeRules.OfSilence(stage, $"{Facts.Host} {Facts.Address}: {answer.Text}", answer.Fault == WireFault.TimedOut, dotSent: false)),
        { Class: 2 } => null,
        var reply => new OpeningFailure(Facts, stage, OutcomeRules.OfReply(stage, reply, isOnlyRecipient: false), reply.Code),
    };

    private async Task<WireReply> AskAsync(string command, TimeSpan timeout)
    {
        Encoding.ASCII.GetBytes(command, wire.Output);
        Encoding.ASCII.GetBytes("\r\n", wire.Output);
        transcript.Client(command);
        await wire.FlushAsync(timeout);
        return await ReadAsync(timeout);
    }

    private async Task<WireReply> ReadAsync(TimeSpan timeout)
    {
        var reply = await wire.ReadReplyAsync(timeout);
        if (reply.Reply is { } said)
        {
            transcript.Server(said.Text);
        }
        else
        {
            transcript.Note(reply.Text);
        }

        return reply;
    }
}
