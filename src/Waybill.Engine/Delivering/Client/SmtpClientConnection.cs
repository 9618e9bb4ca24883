using System.Text;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>An open SMTP session with a next hop, ready for one message after another. One task at a time uses it.</summary>
/// <remarks>It never throws for what a peer does: a peer's behaviour is in the outcomes.</remarks>
public sealed class SmtpClientConnection : IAsyncDisposable
{
    private readonly PeerWire _wire;
    private readonly Transcript _transcript;
    private readonly SmtpClientOptions _options;
    private readonly AttemptJudge _judge;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private long _lastHeard;
    private bool _isBroken;
    private bool _needsReset;
    private bool _isDisposed;

    internal SmtpClientConnection(
        PeerWire wire, Transcript transcript, ConnectionFacts facts, SmtpClientOptions options, AttemptJudge judge, TimeProvider clock, ILogger logger)
    {
        (_wire, _transcript, Facts, _options, _judge, _clock, _logger) = (wire, transcript, facts, options, judge, clock, logger);
        _lastHeard = clock.GetTimestamp();
    }

    /// <summary>The host that was reached (MX host name).</summary>
    public string Host => Facts.Host;

    /// <summary>Its address and port.</summary>
    public string Address => Facts.Address;

    /// <summary>What the peer offers.</summary>
    public PeerExtensions Extensions => Facts.Extensions;

    /// <summary>Messages tried here, those refused before MAIL included.</summary>
    public int MessagesCarried { get; private set; }

    /// <summary>Recipients one transaction takes; surplus ones come back as due at once.</summary>
    public int MaxRecipients => Math.Min(_options.MaxRecipients, Extensions.MaxRecipients ?? int.MaxValue);

    /// <summary>How long the peer has not been heard.</summary>
    public TimeSpan IdleFor => _clock.GetElapsedTime(_lastHeard);

    /// <summary>
    /// Whether another message may be sent: the peer has not closed, said goodbye, or reached its own limit of
    /// transactions (RFC 9422). Costs one system call; ask before each reuse.
    /// </summary>
    public bool IsUsable =>
        !_isBroken && !_isDisposed && MessagesCarried < (Extensions.MaxTransactions ?? int.MaxValue) && _wire.IsQuiet;

    internal ConnectionFacts Facts { get; }

    /// <summary>Sends one message to recipients behind this next hop.</summary>
    /// <param name="recipients">Recipients of one message; each gets an outcome of its own.</param>
    /// <param name="content">The message's octets; the caller disposes of it.</param>
    /// <param name="watch">Told when the final dot leaves; null where a crash loses nothing.</param>
    /// <param name="cancellationToken">
    /// Honoured up to the final dot: the recipients are then due at once. Past it the reply is waited for, because a
    /// message the peer has taken and we forget is a message sent twice.
    /// </param>
    /// <returns>The attempt with its transcript and an outcome for every recipient, in their order.</returns>
    public async Task<AttemptRecord> SendAsync(
        IReadOnlyList<DueRecipient> recipients, ContentLease content, IDotWatch? watch, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfZero(recipients.Count);

        // The first message's attempt is the one that opened the connection; for later ones the opening lies before their time.
        var isFirst = MessagesCarried == 0;
        var begin = isFirst ? Facts.OpenedTimestamp : _clock.GetTimestamp();
        var startedAt = isFirst ? Facts.OpenedAt : _clock.GetUtcNow();
        if (!isFirst)
        {
            _transcript.BackToOpening();
        }

        var ledger = new RecipientLedger(recipients);
        var transaction = new ClientTransaction(this, ledger, content, watch);
        using (var stop = cancellationToken.UnsafeRegister(static state => ((PeerWire)state!).Stop(), _wire))
        {
            await transaction.RunAsync(stop);
        }

        MessagesCarried++;
        _wire.Output.Release();
        var attempt = new Attempt
        {
            StartedAt = startedAt,
            EndedAt = _judge.Now,
            NextHop = Facts.NextHop,
            Host = Facts.Host,
            Address = Facts.Address,
            SourceAddress = Facts.SourceAddress,
            ClientName = Facts.ClientName,
            Tls = Facts.Tls,
            MessagesBefore = MessagesCarried - 1,
            Dialogue = _transcript.Since(begin),
            SentOctets = transaction.SentOctets,
        };
        return new AttemptRecord(attempt, ledger.Decide(_judge, attempt.EndedAt));
    }

    /// <summary>Says QUIT (RFC 5321 §4.1.1.10) and closes, without waiting long for the answer.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (!_isBroken && _wire.IsQuiet)
        {
            Encoding.ASCII.GetBytes("QUIT\r\n", _wire.Output);
            if (await _wire.FlushAsync(_options.QuitTimeout) && _options.QuitTimeout > TimeSpan.Zero)
            {
                await _wire.ReadReplyAsync(_options.QuitTimeout);
            }
        }

        _wire.Dispose();
    }

    /// <summary>What a transaction may do with the connection it runs on.</summary>
    internal PeerWire Wire => _wire;

    internal Transcript Transcript => _transcript;

    internal SmtpClientOptions Options => _options;

    internal TimeProvider Clock => _clock;

    internal ILogger Logger => _logger;

    /// <summary>A transaction was left half-way: RSET goes before the next one.</summary>
    internal bool NeedsReset { get => _needsReset; set => _needsReset = value; }

    /// <summary>Nothing more can be sent here.</summary>
    internal void Break() => _isBroken = true;

    /// <summary>Reads the next reply and takes it down.</summary>
    internal async ValueTask<WireReply> ReadAsync(TimeSpan timeout)
    {
        var answer = await _wire.ReadReplyAsync(timeout);
        if (answer.Reply is { } reply)
        {
            _lastHeard = _clock.GetTimestamp();
            _transcript.Server(reply.Text);
            if (reply.Code == 421)
            {
                _isBroken = true; // RFC 5321 §3.8: the peer closes after it.
            }
        }
        else
        {
            _isBroken = true;
            _transcript.Note(answer.Text);
        }

        return answer;
    }

    /// <summary>Puts a command into the batch and takes it down.</summary>
    internal void Write(string command)
    {
        Encoding.UTF8.GetBytes(command, _wire.Output);
        Encoding.UTF8.GetBytes("\r\n", _wire.Output);
        _transcript.Client(command);
    }
}
