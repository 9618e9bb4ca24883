using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>The envelope of one message over one connection: MAIL, RCPT for each recipient, and what was answered (RFC 5321 §3.3).</summary>
/// <remarks>
/// With PIPELINING the envelope leaves in one write (RFC 2920), and a small message with it where CHUNKING is offered
/// too (RFC 3030): one round trip. Without, each command waits for its reply.
/// </remarks>
internal sealed class ClientTransaction
{
    // RFC 2920 §3.1: the client must not send so much that both sides wait for the other to read. Fifty replies of
    // ordinary length fit any receive buffer.
    private const int RecipientsPerBatch = 50;

    private readonly SmtpClientConnection _connection;
    private readonly RecipientLedger _ledger;
    private readonly ContentTransfer _transfer;
    private readonly long _octets;
    private readonly bool _isReused;
    private bool _heard;

    public ClientTransaction(SmtpClientConnection connection, RecipientLedger ledger, ContentLease content, IDotWatch? watch)
    {
        (_connection, _ledger, _octets) = (connection, ledger, content.LengthOctets);
        _isReused = connection.MessagesCarried > 0;
        _transfer = new ContentTransfer(connection, ledger, content, watch, this);
    }

    /// <summary>Octets of content that were sent.</summary>
    public long SentOctets => _transfer.SentOctets;

    /// <summary>Whether MAIL was taken and neither the end of data nor RSET has ended the transaction.</summary>
    public bool IsOpenAtPeer { get; set; }

    private PeerExtensions Peer => _connection.Extensions;

    private SmtpClientOptions Options => _connection.Options;

    private Envelope Envelope => _ledger.Recipients[0].Message.Envelope;

    /// <summary>Runs to the end, whatever the end is: afterwards every recipient has its verdict.</summary>
    /// <param name="stop">The registration that stops the wire; it is taken off before the final dot.</param>
    public async Task RunAsync(CancellationTokenRegistration stop)
    {
        RefuseLocally();
        if (_ledger.OpenCount == 0 || !_transfer.Prepare(stop))
        {
            return;
        }

        if (Envelope.Body == BodyKind.EightBitMime && !Peer.EightBitMime)
        {
            // RFC 6152 §3 would have this converted or returned. Conversion breaks DKIM signatures, and a server
            // without the keyword is in practice an old one that passes eight bits all the same (Exim and qmail
            // send so too): the message goes as it is, and the timeline says so.
            _connection.Transcript.Note("the server does not offer 8BITMIME: 8-bit content is sent as it is");
        }

        await (Peer.Pipelining ? SendPipelinedAsync() : SendStepByStepAsync());
        _connection.NeedsReset |= IsOpenAtPeer;
        _transfer.End();
    }

    /// <summary>Reads the next reply; when there is none, or it is 421, every open recipient is settled by that.</summary>
    /// <returns>Null when nothing more can be read.</returns>
    public async ValueTask<PeerReply?> NextAsync(DialogueStage stage, TimeSpan timeout, bool dotSent)
    {
        var answer = await _connection.ReadAsync(timeout);
        if (answer.Reply is not { } reply)
        {
            _ledger.SettleOpen(OfSilence(stage, answer, dotSent));
            return null;
        }

        var isFirst = !_heard;
        _heard = true;
        if (reply.Code != 421)
        {
            return reply;
        }

        // On a kept connection, 421 at the first command is about the connection ("too many messages here"): a new one may do.
        var verdict = OutcomeRules.OfReply(stage, reply, isOnlyRecipient: false);
        _ledger.SettleOpen(verdict with { TryAgainAtOnce = _isReused && isFirst });
        return null;
    }

    private void RefuseLocally()
    {
        var host = _connection.Host;
        if (Peer.MaxSizeOctets is { } limit && _octets > limit)
        {
            _connection.Transcript.Note($"not sent: {_octets} octets, and the server takes {limit}");
            _ledger.SettleOpen(OutcomeRules.TooLarge(_octets, limit));
        }
        else if (!Peer.SmtpUtf8 && (Envelope.SmtpUtf8 || Envelope.ReversePath.Mailbox is { NeedsSmtpUtf8: true }))
        {
            _connection.Transcript.Note("not sent: it needs SMTPUTF8, which the server does not offer");
            _ledger.SettleOpen(OutcomeRules.NeedsSmtpUtf8(host));
        }

        for (var i = 0; i < _ledger.Count; i++)
        {
            if (i >= _connection.MaxRecipients)
            {
                _ledger.Settle(i, OutcomeRules.NextTransaction($"Left for the next transaction: {_connection.MaxRecipients} recipients go at once"));
            }
            else if (!Peer.SmtpUtf8 && _ledger.Recipients[i].Recipient.ForwardPath.Mailbox.NeedsSmtpUtf8)
            {
                _ledger.Settle(i, OutcomeRules.NeedsSmtpUtf8(host));
            }
        }
    }

    private async Task SendPipelinedAsync()
    {
        var resets = _connection.NeedsReset;
        if (resets)
        {
            _connection.Write("RSET");
        }

        WriteMail();
        for (var (begin, next) = (0, 0); begin < _ledger.Count; begin = next)
        {
            next = WriteRecipients(begin);
            var isLast = next == _ledger.Count;
            if (isLast)
            {
                _transfer.WriteBegin();
            }

            // When it fails, a reply may still say why.
            var sent = await _connection.Wire.FlushAsync(Options.CommandTimeout);
            if (isLast)
            {
                _transfer.EnvelopeLeft(sent);
            }

            if (begin == 0 && !(await ReadResetAsync(resets) && await ReadMailAsync()))
            {
                return;
            }

            if (!await ReadRecipientsAsync(begin, next))
            {
                return;
            }

            if (isLast)
            {
                await _transfer.FinishAsync();
            }
            else if (!IsOpenAtPeer)
            {
                return; // MAIL was refused; the rest is settled by that.
            }
        }
    }

    private async Task SendStepByStepAsync()
    {
        if (_connection.NeedsReset)
        {
            _connection.Write("RSET");
            await _connection.Wire.FlushAsync(Options.CommandTimeout);
            if (!await ReadResetAsync(true))
            {
                return;
            }
        }

        WriteMail();
        await _connection.Wire.FlushAsync(Options.CommandTimeout);
        if (!await ReadMailAsync() || !IsOpenAtPeer)
        {
            return;
        }

        for (var i = 0; i < _ledger.Count; i++)
        {
            if (!WriteRecipient(i))
            {
                continue;
            }

            await _connection.Wire.FlushAsync(Options.CommandTimeout);
            if (!await ReadRecipientAsync(i))
            {
                return;
            }
        }

        if (_ledger.AcceptedCount > 0)
        {
            _transfer.WriteBegin();
            await _connection.Wire.FlushAsync(Options.CommandTimeout);
            await _transfer.FinishAsync();
        }
    }

    private void WriteMail()
    {
        var smtpUtf8 = Peer.SmtpUtf8 && (Envelope.SmtpUtf8 || Envelope.ReversePath.Mailbox is { NeedsSmtpUtf8: true } || AnyRecipientNeedsSmtpUtf8());
        _connection.Write(CommandText.Mail(Envelope, _octets, smtpUtf8, Peer));
    }

    private bool AnyRecipientNeedsSmtpUtf8()
    {
        for (var i = 0; i < _ledger.Count; i++)
        {
            if (_ledger.Recipients[i].Recipient.ForwardPath.Mailbox.NeedsSmtpUtf8)
            {
                return true;
            }
        }

        return false;
    }

    private int WriteRecipients(int begin)
    {
        var end = Math.Min(begin + RecipientsPerBatch, _ledger.Count);
        for (var i = begin; i < end; i++)
        {
            WriteRecipient(i);
        }

        return end;
    }

    private bool WriteRecipient(int i)
    {
        if (!_ledger.IsOpen(i))
        {
            return false;
        }

        _connection.Write(CommandText.Rcpt(_ledger.Recipients[i].Recipient, Peer));
        _ledger.Asked(i);
        return true;
    }

    /// <returns>False when nothing more can be read.</returns>
    private async ValueTask<bool> ReadResetAsync(bool wasSent)
    {
        if (!wasSent)
        {
            return true;
        }

        if (await NextAsync(DialogueStage.Mail, Options.CommandTimeout, _transfer.DotSent) is not { } reply)
        {
            return false;
        }

        _connection.NeedsReset = reply.Class != 2;
        return true; // A server that knows no RSET will refuse MAIL, and that decides.
    }

    private async ValueTask<bool> ReadMailAsync()
    {
        if (await NextAsync(DialogueStage.Mail, Options.CommandTimeout, _transfer.DotSent) is not { } reply)
        {
            return false;
        }

        if (reply.Class == 2)
        {
            return IsOpenAtPeer = true;
        }

        _ledger.SettleOpen(OutcomeRules.OfReply(DialogueStage.Mail, reply, isOnlyRecipient: false));
        return reply.Class != 3 || BreakOff();
    }

    private async ValueTask<bool> ReadRecipientsAsync(int begin, int end)
    {
        for (var i = begin; i < end; i++)
        {
            if (_ledger.WasAsked(i) && !await ReadRecipientAsync(i))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> ReadRecipientAsync(int i)
    {
        if (await NextAsync(DialogueStage.Rcpt, Options.CommandTimeout, _transfer.DotSent) is not { } reply)
        {
            return false;
        }

        switch (reply)
        {
            case { Class: 2 }:
                _ledger.Accepted(i);
                return true;
            case { Class: 3 }:
                // 354 to RCPT: the replies are one ahead of us, and none of them can be trusted any more.
                _ledger.SettleOpen(_transfer.DotSent
                    ? OutcomeRules.OutOfStep(DialogueStage.EndOfData, reply)
                    : OutcomeRules.OutOfStep(DialogueStage.Rcpt, reply));
                return BreakOff();
            case { Code: 452 } when _ledger.AcceptedCount > 0:
                // RFC 5321 §4.5.3.1.10: too many recipients at once; the rest follow in a transaction of their own.
                _ledger.Settle(i, OutcomeRules.NextTransaction(reply.Text));
                return true;
            default:
                _ledger.Settle(i, OutcomeRules.OfReply(DialogueStage.Rcpt, reply, _ledger.Count == 1));
                return true;
        }
    }

    private Verdict OfSilence(DialogueStage stage, WireReply answer, bool dotSent)
    {
        var verdict = answer.Fault is WireFault.Malformed or WireFault.TooLong && !dotSent
            ? new Verdict(EventKind.Deferred, new(4, 5, 0), $"What the server said is no SMTP reply: {answer.Text}")
            : OutcomeRules.OfSilence(stage, answer.Text, answer.Fault == WireFault.TimedOut, dotSent);

        // A kept connection that the peer had closed before it read anything, or one that we end ourselves: no attempt at all.
        var isNobodysFault = answer.Fault == WireFault.Stopped || (answer.Fault == WireFault.Closed && _isReused && !_heard);
        return verdict with { TryAgainAtOnce = isNobodysFault && !dotSent };
    }

    private bool BreakOff()
    {
        _connection.Break();
        return false;
    }
}
