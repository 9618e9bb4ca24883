using System.Buffers;
using System.Globalization;
using Waybill.Engine.Spooling;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>The content of one message over one connection: DATA with its dots (RFC 5321 §4.1.1.4) or BDAT (RFC 3030).</summary>
internal sealed class ContentTransfer(
    SmtpClientConnection connection, RecipientLedger ledger, ContentLease content, IDotWatch? watch, ClientTransaction transaction)
{
    // What goes in the same write as the envelope. Above it, the wasted octets of a refusal cost more than the round trip.
    private const int SmallOctets = 64 * 1024;
    private const int PieceOctets = 64 * 1024;

    // A peer that was quiet for longer may be closing at this moment; content in the first batch would then make the
    // outcome unknown for nothing.
    private static readonly TimeSpan SureToStand = TimeSpan.FromSeconds(5);

    private ReadOnlyMemory<byte> _memory;
    private Stream? _stream;
    private Way _way;
    private CancellationTokenRegistration _stop;
    private DotStuffer _stuffer;
    private bool _isWatched;

    /// <summary>How the content goes.</summary>
    private enum Way
    {
        /// <summary>By DATA: it streams, however large it is.</summary>
        Data,

        /// <summary>By BDAT in the envelope's own write.</summary>
        BdatWithEnvelope,

        /// <summary>By BDAT after the envelope was answered.</summary>
        BdatAfterEnvelope,
    }

    /// <summary>Octets of content that were sent.</summary>
    public long SentOctets { get; private set; }

    /// <summary>Whether the peer may hold the whole message.</summary>
    public bool DotSent { get; private set; }

    /// <summary>Opens the content and decides how it goes.</summary>
    /// <returns>False when it cannot be read here; the recipients are settled.</returns>
    public bool Prepare(CancellationTokenRegistration stop)
    {
        _stop = stop;
        try
        {
            if (!content.TryGetMemory(out _memory))
            {
                _stream = content.OpenStream();
            }
        }
        catch (IOException e)
        {
            ledger.SettleOpen(Unreadable(e));
            return false;
        }

        _way = ChooseWay();
        return true;
    }

    /// <summary>Writes what ends the envelope: DATA, or the whole message where it goes with it.</summary>
    public void WriteBegin()
    {
        if (_way == Way.Data)
        {
            connection.Write("DATA");
        }
        else if (_way == Way.BdatWithEnvelope)
        {
            WriteBdat();
        }
    }

    /// <summary>The envelope's write is over.</summary>
    public void EnvelopeLeft(bool sent) => DotSent = sent && _way == Way.BdatWithEnvelope;

    /// <summary>The outcome stands.</summary>
    public void End()
    {
        if (_isWatched)
        {
            watch!.Answered(connection);
        }
    }

    /// <summary>Goes on from there to the end of data and its reply.</summary>
    public Task FinishAsync() => _way switch
    {
        Way.Data => FinishDataAsync(),
        Way.BdatAfterEnvelope when ledger.AcceptedCount == 0 => Task.CompletedTask,
        Way.BdatAfterEnvelope => SendBdatAsync(),
        _ => ReadConfirmationAsync(endsAnyway: false),
    };

    private Way ChooseWay()
    {
        // BDAT only where it saves a round trip, and only for strict lines, since its octets are counted before they
        // could be mended. Large content goes by DATA: it streams without a count and without a reply per chunk.
        var peer = connection.Extensions;
        if (!connection.Options.UseChunking
            || !peer.Chunking
            || !peer.Pipelining
            || _stream is not null
            || _memory.Length is 0 or > SmallOctets
            || !DotStuffer.HasStrictLines(_memory.Span))
        {
            return Way.Data;
        }

        return connection.MessagesCarried > 0 && connection.IdleFor > SureToStand ? Way.BdatAfterEnvelope : Way.BdatWithEnvelope;
    }

    private async Task FinishDataAsync()
    {
        if (await transaction.NextAsync(DialogueStage.Data, connection.Options.DataTimeout, dotSent: false) is not { } reply)
        {
            return;
        }

        if (reply.Class is 4 or 5)
        {
            ledger.SettleOpen(OutcomeRules.OfReply(DialogueStage.Data, reply, ledger.AcceptedCount == 1));
        }
        else if (reply.Code != 354)
        {
            // 250 to DATA: nobody can say whether the peer now takes lines for content or for commands.
            ledger.SettleOpen(OutcomeRules.OutOfStep(DialogueStage.Data, reply));
            connection.Break();
        }
        else if (ledger.AcceptedCount == 0)
        {
            await EndNothingAsync();
        }
        else if (await SendContentAsync())
        {
            await ReadConfirmationAsync(endsAnyway: true);
        }
        else
        {
            await ReadEarlyRefusalAsync();
        }
    }

    // RFC 2920 §3.1: 354 although every recipient was refused; only the dot is sent, and its reply says nothing.
    private async Task EndNothingAsync()
    {
        connection.Wire.Output.Write(".\r\n"u8);
        connection.Transcript.Client(".");
        await connection.Wire.FlushAsync(connection.Options.DataBlockTimeout);
        transaction.IsOpenAtPeer = false;
        await connection.ReadAsync(connection.Options.EndOfDataTimeout);
    }

    /// <returns>Whether all of it left, the dot included.</returns>
    private async Task<bool> SendContentAsync()
    {
        try
        {
            if (!await (_stream is null ? SendMemoryAsync(_memory) : SendStreamAsync(_stream)))
            {
                return false;
            }
        }
        catch (IOException e)
        {
            // Begun and not to be ended: only a cut connection keeps the peer from taking half a message for a whole one.
            ledger.SettleOpen(Unreadable(e));
            connection.Break();
            return false;
        }

        _stuffer.End(connection.Wire.Output);
        SentOctets = content.LengthOctets;
        connection.Transcript.Client(string.Create(CultureInfo.InvariantCulture, $"[{SentOctets:N0} octets of content] ."));
        BeforeTheEnd();
        return DotSent = await connection.Wire.FlushAsync(connection.Options.DataBlockTimeout);
    }

    // What fits one piece stays in the buffer and leaves together with the dot.
    private async ValueTask<bool> SendMemoryAsync(ReadOnlyMemory<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            var piece = rest[..Math.Min(rest.Length, PieceOctets)];
            rest = rest[piece.Length..];
            _stuffer.Write(piece.Span, connection.Wire.Output);
            if (!rest.IsEmpty && !await SendPieceAsync(piece.Length))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> SendStreamAsync(Stream stream)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceOctets);
        try
        {
            // No token: the wire is stopped instead, and a local disk answers.
            while (await stream.ReadAsync(piece.AsMemory(0, PieceOctets), CancellationToken.None) is var count and > 0)
            {
                _stuffer.Write(piece.AsSpan(0, count), connection.Wire.Output);
                if (!await SendPieceAsync(count))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private async ValueTask<bool> SendPieceAsync(int octets)
    {
        SentOctets += octets;
        return await connection.Wire.FlushAsync(connection.Options.DataBlockTimeout);
    }

    // The peer closed or stalled while the content was on its way; what it said before that decides.
    private async Task ReadEarlyRefusalAsync()
    {
        if (ledger.OpenCount == 0)
        {
            return;
        }

        connection.Transcript.Note(string.Create(CultureInfo.InvariantCulture, $"cut after {SentOctets:N0} octets of content"));
        connection.Break();
        if (await transaction.NextAsync(DialogueStage.Data, connection.Options.CommandTimeout, dotSent: false) is { } reply)
        {
            ledger.SettleOpen(reply.Class is 4 or 5
                ? OutcomeRules.OfReply(DialogueStage.Data, reply, ledger.AcceptedCount == 1)
                : OutcomeRules.OutOfStep(DialogueStage.Data, reply));
        }
    }

    private void WriteBdat()
    {
        SentOctets = _memory.Length;
        connection.Write(string.Create(CultureInfo.InvariantCulture, $"BDAT {_memory.Length} LAST"));
        connection.Wire.Output.Write(_memory.Span);
        connection.Transcript.Client(string.Create(CultureInfo.InvariantCulture, $"[{_memory.Length:N0} octets of content]"));
        BeforeTheEnd();
    }

    private async Task SendBdatAsync()
    {
        WriteBdat();
        DotSent = await connection.Wire.FlushAsync(connection.Options.DataBlockTimeout);
        await ReadConfirmationAsync(endsAnyway: false);
    }

    /// <param name="endsAnyway">A dot ends the transaction whatever is answered; a refused BDAT leaves it open until RSET (RFC 3030 §2).</param>
    private async Task ReadConfirmationAsync(bool endsAnyway)
    {
        if (await transaction.NextAsync(DialogueStage.EndOfData, connection.Options.EndOfDataTimeout, DotSent) is not { } reply)
        {
            return;
        }

        transaction.IsOpenAtPeer &= !endsAnyway && reply.Class != 2;
        ledger.SettleOpen(OutcomeRules.OfReply(DialogueStage.EndOfData, reply, ledger.AcceptedCount == 1));
        if (reply.Class == 3)
        {
            connection.Break();
        }
    }

    // Past this point a stop would leave the outcome unknown: the reply is waited for instead.
    private void BeforeTheEnd()
    {
        _stop.Unregister();
        _isWatched = watch is not null;
        watch?.DotSent(connection, ledger.Takers(), connection.Clock.GetUtcNow());
    }

    private Verdict Unreadable(IOException fault)
    {
        connection.Logger.ContentUnreadable(ledger.Recipients[0].Message.EmailId.ToString(), fault);
        connection.Transcript.Note("the content could not be read on this server");
        return OutcomeRules.LocalFault("the message's content could not be read");
    }
}
