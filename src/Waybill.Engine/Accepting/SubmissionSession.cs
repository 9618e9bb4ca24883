using System.Net;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Accepting;

/// <summary>What the connection has to do after a reply.</summary>
public enum SessionStep
{
    /// <summary>Read the next command.</summary>
    Command,

    /// <summary>Read content up to the final dot.</summary>
    Content,

    /// <summary>Read a counted chunk.</summary>
    Chunk,

    /// <summary>Shake hands for TLS.</summary>
    StartTls,

    /// <summary>Go through AUTH.</summary>
    Authenticate,

    /// <summary>Close the connection.</summary>
    Close,
}

/// <summary>A submission session as a table: commands in, replies out, no socket (RFC 6409, RFC 5321 §4.1.4).</summary>
public sealed partial class SubmissionSession
{
    private readonly SubmissionOptions _options;
    private readonly SubmissionPolicy _policy;
    private readonly SmtpReply _startTlsReply = new(220, new(2, 0, 0), "Ready for TLS");
    private readonly bool _trusted;
    private int _errors;
    private int _messages;
    private bool _extended;

    /// <param name="client">The client's address, as the connection or its PROXY header says.</param>
    public SubmissionSession(SubmissionOptions options, SubmissionPolicy policy, IPAddress client, string? tls)
    {
        (_options, _policy, Client, Tls) = (options, policy, client, tls);
        _trusted = policy.Trusts(client);
    }

    public IPAddress Client { get; }

    /// <summary>TLS version and cipher suite; null in clear.</summary>
    public string? Tls { get; private set; }

    /// <summary>The name of EHLO or HELO; null before it.</summary>
    public string? ClientName { get; private set; }

    /// <summary>Who authenticated; null before AUTH.</summary>
    public SmtpUser? User { get; private set; }

    public MailTransaction? Transaction { get; private set; }

    /// <summary>The protocol's name for the Received field (RFC 3848, RFC 6531 §4.3).</summary>
    public string Protocol
    {
        get
        {
            var name = Transaction is { Envelope.SmtpUtf8: true } ? "UTF8SMTP" : _extended ? "ESMTP" : "SMTP";
            return _extended ? name + (Tls is null ? "" : "S") + (User is null ? "" : "A") : name;
        }
    }

    /// <summary>Whether the client may submit at all.</summary>
    public bool MaySubmit => _trusted || User is not null;

    /// <summary>Whether AUTH may be used now.</summary>
    public bool OffersAuth => User is null && (Tls is not null || _policy.AllowsAuthInClear);

    /// <summary>The greeting.</summary>
    public SmtpReply Greeting() => new(220, null, $"{_options.HostName} ESMTP Waybill");

    /// <summary>Applies one command and answers it.</summary>
    /// <remarks>The arms are the order of commands of RFC 5321 §4.1.4, read from the top.</remarks>
    public SmtpReply Apply(SmtpCommand command, out SessionStep step)
    {
        step = SessionStep.Command;
        var reply = Answer(command, ref step);
        if (reply.Code is >= 500 and < 530 or 555 && ++_errors > _options.ErrorBudget)
        {
            step = SessionStep.Close;
            return Replies.TooManyErrors;
        }

        return reply;
    }

    private SmtpReply Answer(SmtpCommand command, ref SessionStep step)
    {
        switch (command, Transaction)
        {
            case (SmtpCommand.Foreign, _):
                step = SessionStep.Close;
                return Replies.OtherProtocol;
            case (SmtpCommand.Faulty faulty, _):
                return faulty.Reply;
            case (SmtpCommand.Bdat, _):
                // Counted content follows whatever we think of it (RFC 3030 §2): the connection asks MayTakeChunk.
                step = SessionStep.Chunk;
                return Replies.Ok;
            case (SmtpCommand.Quit, _):
                step = SessionStep.Close;
                return Replies.Bye;
            case (SmtpCommand.Noop, _):
                return Replies.Ok;
            case (SmtpCommand.Help, _):
                return Replies.Help;
            case (SmtpCommand.Vrfy, _):
                return Replies.CannotVerify;
            case (SmtpCommand.Expn, _):
                return Replies.NotImplemented;
            case (SmtpCommand.Rset, _):
                Transaction = null;
                return Replies.Reset;
            case (SmtpCommand.Ehlo ehlo, _):
                return Greet(ehlo.Name, extended: true);
            case (SmtpCommand.Helo helo, _):
                return Greet(helo.Name, extended: false);
            case (_, _) when ClientName is null:
                return Replies.EhloFirst;
            case (SmtpCommand.StartTls, _):
                return StartTls(ref step);
            case (SmtpCommand.Auth auth, _):
                return Authenticate(auth, ref step);
            case (_, _) when !MaySubmit:
                return Tls is null && !_policy.AllowsAuthInClear ? Replies.TlsAndAuthFirst : Replies.AuthFirst;
            case (SmtpCommand.Mail, not null):
                return Replies.NestedMail;
            case (SmtpCommand.Mail mail, null):
                return Begin(mail);
            case (_, null):
                return Replies.MailFirst;
            case (SmtpCommand.Rcpt rcpt, { } transaction):
                return Add(rcpt, transaction);
            case (SmtpCommand.Data, { Recipients.Count: 0 }):
                return Replies.RcptFirst;
            case (SmtpCommand.Data, { Chunks: > 0 }):
                return Replies.DataAfterBdat;
            case (SmtpCommand.Data, _):
                step = SessionStep.Content;
                return Replies.StartMailInput;
            default:
                return Replies.NotImplemented;
        }
    }

    /// <summary>Says whether a chunk may be taken, once its octets are read.</summary>
    /// <returns>Null, or the refusal.</returns>
    public SmtpReply? MayTakeChunk() =>
        ClientName is null ? Replies.EhloFirst
        : !MaySubmit ? Replies.AuthFirst
        : Transaction is null ? Replies.MailFirst
        : Transaction.Recipients.Count == 0 ? Replies.RcptFirst
        : null;

    /// <summary>Ends the transaction, whatever came of it.</summary>
    public void EndTransaction()
    {
        Transaction = null;
        _messages++;
    }

    /// <summary>Forgets all that was said in clear (RFC 3207 §4.2).</summary>
    public void TlsStarted(string tls) => (Tls, ClientName, Transaction, User, _extended) = (tls, null, null, null, false);

    /// <summary>Notes who authenticated.</summary>
    public SmtpReply Authenticated(SmtpUser user)
    {
        User = user;
        return Replies.AuthOk;
    }

    /// <summary>Notes a failed AUTH; three of them close the session.</summary>
    public SmtpReply AuthenticationFailed(out SessionStep step)
    {
        _errors += (_options.ErrorBudget / 3) + 1;
        step = _errors > _options.ErrorBudget ? SessionStep.Close : SessionStep.Command;
        return step == SessionStep.Close ? Replies.TooManyErrors : Replies.AuthFailed;
    }

    private SmtpReply Greet(string name, bool extended)
    {
        (ClientName, Transaction, _extended) = (name, null, extended);
        return extended ? Capabilities() : new SmtpReply(250, null, _options.HostName);
    }

    private SmtpReply Capabilities()
    {
        var lines = new List<string>
        {
            _options.HostName,
            "PIPELINING",
            $"SIZE {_options.MaxMessageOctets}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "CHUNKING",
            "DSN",
            $"LIMITS RCPTMAX={_options.MaxRecipients} MAILMAX={_options.MaxMessagesPerConnection}",
        };
        if (Tls is null && _policy.OffersStartTls)
        {
            lines.Add("STARTTLS");
        }

        if (OffersAuth)
        {
            lines.Add("AUTH PLAIN LOGIN");
        }

        lines.Add("HELP");
        return new SmtpReply(250, null, string.Join('\n', lines));
    }

    private SmtpReply StartTls(ref SessionStep step)
    {
        if (Tls is not null)
        {
            return Replies.AlreadyTls;
        }

        if (!_policy.OffersStartTls)
        {
            return Replies.NotImplemented;
        }

        step = SessionStep.StartTls;
        return _startTlsReply;
    }

    private SmtpReply Authenticate(SmtpCommand.Auth auth, ref SessionStep step)
    {
        if (User is not null)
        {
            return Replies.AlreadyAuthenticated;
        }

        if (Transaction is not null)
        {
            return Replies.NoAuthInTransaction;
        }

        if (!OffersAuth)
        {
            return Replies.TlsBeforeAuth;
        }

        if (auth.Mechanism is not ("PLAIN" or "LOGIN"))
        {
            return Replies.UnknownMechanism;
        }

        step = SessionStep.Authenticate;
        return Replies.Ok;
    }

    private SmtpReply Begin(SmtpCommand.Mail mail)
    {
        if (_messages >= _options.MaxMessagesPerConnection)
        {
            return Replies.TooManyMessages;
        }

        if (mail.Parameters.SizeOctets > _options.MaxMessageOctets)
        {
            return Replies.TooLarge(_options.MaxMessageOctets);
        }

        Transaction = new MailTransaction(new Envelope(
            mail.ReversePath,
            mail.Parameters.EightBitMime ? BodyKind.EightBitMime : BodyKind.SevenBit,
            mail.Parameters.SmtpUtf8,
            mail.Parameters.Return switch { "FULL" => DsnReturn.Full, "HDRS" => DsnReturn.Headers, _ => DsnReturn.Unspecified },
            mail.Parameters.EnvelopeId));
        return Replies.SenderOk;
    }

    private SmtpReply Add(SmtpCommand.Rcpt rcpt, MailTransaction transaction)
    {
        var mailbox = rcpt.ForwardPath.Mailbox;
        if (mailbox.NeedsSmtpUtf8 && !transaction.Envelope.SmtpUtf8)
        {
            return Replies.RecipientNeedsUtf8;
        }

        if (User is null && !_policy.Relays(mailbox))
        {
            return Refuse(rcpt.ForwardPath, transaction, Replies.RelayDenied);
        }

        if (NeverExists(mailbox))
        {
            return Refuse(rcpt.ForwardPath, transaction, Replies.ReservedDomain);
        }

        if (transaction.Recipients.Count >= _options.MaxRecipients)
        {
            return Replies.TooManyRecipients(_options.MaxRecipients);
        }

        transaction.Add(new EnvelopeRecipient(rcpt.ForwardPath, NotifyOf(rcpt.Parameters), rcpt.Parameters.OriginalRecipient));
        return Replies.RecipientOk;
    }

    private static SmtpReply Refuse(ForwardPath recipient, MailTransaction transaction, SmtpReply reply)
    {
        transaction.Refused.Add((recipient, reply));
        return reply;
    }

    // RFC 6761 §6.3, §6.4: these names exist nowhere, so the sender hears it now and not by a bounce.
    private static bool NeverExists(Mailbox mailbox) =>
        mailbox.Domain is { Ascii: var domain }
        && (domain is "localhost" or "invalid"
            || domain.EndsWith(".invalid", StringComparison.Ordinal)
            || domain.EndsWith(".localhost", StringComparison.Ordinal));

    private static DsnNotify NotifyOf(RcptParameters parameters)
    {
        var notify = DsnNotify.Unspecified;
        foreach (var word in parameters.Notify)
        {
            notify |= word switch
            {
                "NEVER" => DsnNotify.Never,
                "SUCCESS" => DsnNotify.Success,
                "FAILURE" => DsnNotify.Failure,
                _ => DsnNotify.Delay,
            };
        }

        return notify;
    }
}
