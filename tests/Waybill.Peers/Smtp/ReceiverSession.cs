using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Waybill.Peers.Smtp;

/// <summary>One connection of a <see cref="ScriptedReceiver"/>.</summary>
internal sealed class ReceiverSession(ScriptedReceiver receiver, ReceiverOptions options, Socket connection) : IAsyncDisposable
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(30);

    private readonly SessionFacts _facts = new(receiver.Journal.Connected(), (IPEndPoint)connection.RemoteEndPoint!);
    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private Stream _stream = Stream.Null;
    private WireReader _reader = new(Stream.Null);
    private ReceivedMessage? _message;
    private ContentKeeper? _chunks;

    private ReceiverScript Script => receiver.Script;

    private bool Offers(SmtpOffers offer) => Script.Offers.HasFlag(offer);

    /// <summary>Ends the connection at once, from any thread.</summary>
    public void Cut() => connection.Close(0);

    /// <summary>Serves the connection to its end.</summary>
    public async Task RunAsync(bool isOneTooMany, CancellationToken stopping)
    {
        await using var timer = receiver.Clock.CreateTimer(_ => Cut(), null, options.IdleTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            connection.NoDelay = true;
            _stream = new NetworkStream(connection, ownsSocket: true);
            _reader = new WireReader(_stream);
            var greeting = isOneTooMany
                ? Response.SayAndClose($"421 4.3.2 {Script.Host} too many connections")
                : Script.OnConnect?.Invoke(_facts) ?? Response.Say($"220 {Script.Host} ESMTP");
            if (await GiveAsync(greeting, stopping))
            {
                await ConverseAsync(timer, stopping);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Note(JournalSide.Remark, $"cut: {e.GetType().Name}");
        }
        finally
        {
            await DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        connection.Dispose();
        receiver.Journal.Disconnected();
    }

    private async Task ConverseAsync(ITimer timer, CancellationToken stopping)
    {
        while (true)
        {
            if (!_reader.HasLine)
            {
                await FlushAsync(stopping);
                timer.Change(options.IdleTimeout, Timeout.InfiniteTimeSpan);
            }
            else if (_output.WrittenCount > 0 && !Offers(SmtpOffers.Pipelining))
            {
                Note(JournalSide.Remark, "pipelined though PIPELINING is not offered");
            }

            if (await _reader.ReadLineAsync(stopping) is not { } line)
            {
                Note(JournalSide.Remark, "the client closed");
                return;
            }

            Note(JournalSide.Client, line);
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var verb = (space < 0 ? line : line[..space]).ToUpperInvariant();
            if (!await ApplyAsync(verb, space < 0 ? "" : line[(space + 1)..], stopping))
            {
                await FlushAsync(stopping);
                return;
            }
        }
    }

    private async ValueTask<bool> ApplyAsync(string verb, string argument, CancellationToken stopping) => verb switch
    {
        "MAIL" => await GiveAsync(Begin(argument), stopping),
        "RCPT" => await GiveAsync(Add(argument), stopping),
        "DATA" => await DataAsync(stopping),
        "BDAT" when Offers(SmtpOffers.Chunking) => await ChunkAsync(argument, stopping),
        "EHLO" => await GiveAsync(Greet(argument, extended: true), stopping),
        "HELO" => await GiveAsync(Greet(argument, extended: false), stopping),
        "STARTTLS" when Offers(SmtpOffers.StartTls) && _facts.Tls is null => await StartTlsAsync(stopping),
        "RSET" => await GiveAsync(Reset(), stopping),
        "NOOP" => await GiveAsync(Plain(250, "2.0.0", "Ok"), stopping),
        "VRFY" => await GiveAsync(Plain(252, "2.1.5", "Send some mail, and see"), stopping),
        "QUIT" => await GiveAsync((Script.OnQuit?.Invoke(_facts) ?? Plain(221, "2.0.0", "Bye")) with { ThenCloses = true }, stopping),
        _ => await GiveAsync(Plain(502, "5.5.1", "Command not implemented"), stopping),
    };

    private Response Greet(string name, bool extended)
    {
        (_facts.Helo, _message, _chunks) = (name, null, null);
        if (!extended)
        {
            return Response.Say($"250 {Script.Host}");
        }

        var lines = Script.EhloLines?.Invoke(_facts) ?? [Script.Host, "{offers}"];
        var all = lines.SelectMany(l => l == "{offers}" ? OfferLines() : [l]).ToList();
        return Response.Say(string.Join('\n', all.Select((l, i) => $"250{(i == all.Count - 1 ? ' ' : '-')}{l}")));
    }

    private IEnumerable<string> OfferLines() =>
        from offer in new (SmtpOffers Offer, string Line)[]
        {
            (SmtpOffers.Size, string.Create(CultureInfo.InvariantCulture, $"SIZE {Script.MaxOctets}")),
            (SmtpOffers.EightBitMime, "8BITMIME"),
            (SmtpOffers.StartTls, "STARTTLS"),
            (SmtpOffers.EnhancedStatusCodes, "ENHANCEDSTATUSCODES"),
            (SmtpOffers.Pipelining, "PIPELINING"),
            (SmtpOffers.Chunking, "CHUNKING"),
            (SmtpOffers.Dsn, "DSN"),
            (SmtpOffers.SmtpUtf8, "SMTPUTF8"),
        }
        where Offers(offer.Offer) && (offer.Offer != SmtpOffers.StartTls || _facts.Tls is null)
        select offer.Line;

    private Response Begin(string argument)
    {
        if (_message is not null)
        {
            return Plain(503, "5.5.1", "Nested MAIL command");
        }

        if (!SmtpPath.TryRead(argument, "FROM:", out var path, out var parameters))
        {
            return Plain(501, "5.5.4", "Syntax: MAIL FROM:<address>");
        }

        if (SmtpPath.NotOffered(parameters, Script.Offers) is { } parameter)
        {
            return Plain(555, "5.5.4", $"Unsupported option: {parameter}");
        }

        if (SmtpPath.Size(parameters) > Script.MaxOctets)
        {
            return Plain(552, "5.3.4", "Message size exceeds fixed limit");
        }

        var message = new ReceivedMessage(_facts, path, parameters);
        var response = Script.OnMail?.Invoke(message) ?? Plain(250, "2.1.0", "Ok");
        _message = response.IsPositive ? message : null;
        return response;
    }

    private Response Add(string argument)
    {
        if (_message is null)
        {
            return Plain(503, "5.5.1", "MAIL first");
        }

        if (!SmtpPath.TryRead(argument, "TO:", out var path, out var parameters))
        {
            return Plain(501, "5.5.4", "Syntax: RCPT TO:<address>");
        }

        if (SmtpPath.NotOffered(parameters, Script.Offers) is { } parameter)
        {
            return Plain(555, "5.5.4", $"Unsupported option: {parameter}");
        }

        if (!Ascii.IsValid(path) && !Offers(SmtpOffers.SmtpUtf8))
        {
            return Plain(553, "5.6.7", "No SMTPUTF8 here");
        }

        var recipient = new ReceivedRecipient(path, parameters);
        var response = Script.BehaviourOf(recipient)?.AtRcpt?.Invoke(_message, recipient)
            ?? Script.OnRecipient?.Invoke(_message, recipient)
            ?? Plain(250, "2.1.5", "Ok");
        if (response.IsPositive)
        {
            _message.Add(recipient);
        }

        return response;
    }

    private async ValueTask<bool> DataAsync(CancellationToken stopping)
    {
        if (_message is not { Recipients.Count: > 0 } message)
        {
            return await GiveAsync(_message is null ? Plain(503, "5.5.1", "MAIL first") : Plain(554, "5.5.1", "No valid recipients"), stopping);
        }

        var answer = Script.OnData?.Invoke(message) ?? Response.Say("354 End data with <CR><LF>.<CR><LF>");
        var stays = await GiveAsync(answer, stopping);
        if (!stays || answer.Text is not ['3', ..])
        {
            _message = null;
            return stays;
        }

        await FlushAsync(stopping);
        var keeper = new ContentKeeper(options.KeptOctets);
        if (await _reader.ReadDottedAsync(keeper, stopping) < 0)
        {
            Note(JournalSide.Remark, "the client closed within the content");
            return false;
        }

        return await ConfirmAsync(message, keeper, stopping);
    }

    private async ValueTask<bool> ChunkAsync(string argument, CancellationToken stopping)
    {
        var words = argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var octets))
        {
            // Where the next command starts is unknown now (RFC 3030 §4.1): only the end is left.
            return await GiveAsync(Plain(501, "5.5.4", "Syntax: BDAT octets [LAST]") with { ThenCloses = true }, stopping);
        }

        var keeper = _chunks ?? new ContentKeeper(options.KeptOctets);
        if (!await _reader.ReadChunkAsync(octets, keeper, stopping))
        {
            Note(JournalSide.Remark, "the client closed within a chunk");
            return false;
        }

        if (_message is not { Recipients.Count: > 0 } message)
        {
            return await GiveAsync(Plain(503, "5.5.1", "RCPT first"), stopping);
        }

        _chunks = keeper;
        return words.Length > 1 && words[1].Equals("LAST", StringComparison.OrdinalIgnoreCase)
            ? await ConfirmAsync(message, keeper, stopping)
            : await GiveAsync(Plain(250, "2.0.0", $"{octets} octets received"), stopping);
    }

    private async ValueTask<bool> ConfirmAsync(ReceivedMessage message, ContentKeeper keeper, CancellationToken stopping)
    {
        (_message, _chunks) = (null, null);
        _facts.Messages++;
        (message.At, message.Octets, message.Content) = (receiver.Clock.GetUtcNow(), keeper.Octets, keeper.Content);
        var script = Script;
        var response = message.Octets > script.MaxOctets
            ? Plain(552, "5.3.4", "Message size exceeds fixed limit")
            : message.Recipients.Select(r => script.BehaviourOf(r)?.AtContent?.Invoke(message, r)).FirstOrDefault(r => r is not null)
                ?? script.OnContent?.Invoke(message)
                ?? Plain(250, "2.0.0", "Ok");
        message.Reply = response.Text ?? "";
        receiver.Journal.Add(message);
        if (response.IsPositive)
        {
            receiver.Journal.Confirm();
        }

        return await GiveAsync(response, stopping);
    }

    private async ValueTask<bool> StartTlsAsync(CancellationToken stopping)
    {
        if (Script.Tls == TlsManner.Refused)
        {
            return await GiveAsync(Plain(454, "4.7.0", "TLS not available now"), stopping);
        }

        if (_reader.HasOctets)
        {
            Note(JournalSide.Remark, "commands pipelined behind STARTTLS");
            return await GiveAsync(Plain(503, "5.5.1", "Nothing may follow STARTTLS") with { ThenCloses = true }, stopping);
        }

        await GiveAsync(Plain(220, "2.0.0", "Ready to start TLS"), stopping);
        await FlushAsync(stopping);
        if (Script.Tls == TlsManner.BreaksHandshake)
        {
            Note(JournalSide.Remark, "broken handshake, as scripted");
            await _stream.WriteAsync("This is no TLS record.\r\n"u8.ToArray(), stopping);
            return false;
        }

        return await HandshakeAsync(stopping);
    }

    private async ValueTask<bool> HandshakeAsync(CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(HandshakeTimeout, receiver.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, late.Token);
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = receiver.Certificate }, either.Token);
        }
        catch (AuthenticationException)
        {
            Note(JournalSide.Remark, "the handshake failed");
            return false;
        }

        _facts.Tls = new TlsFacts(tls.SslProtocol.ToString(), tls.NegotiatedCipherSuite.ToString());
        Note(JournalSide.Remark, $"{_facts.Tls.Version} {_facts.Tls.CipherSuite}");
        (_reader, _message, _chunks) = (new WireReader(tls), null, null);
        return true;
    }

    private Response Reset()
    {
        (_message, _chunks) = (null, null);
        return Plain(250, "2.0.0", "Ok");
    }

    private Response Plain(int code, string status, string text) =>
        Response.Say(Offers(SmtpOffers.EnhancedStatusCodes) ? $"{code} {status} {text}" : $"{code} {text}");

    /// <summary>Gives a response; false when the connection ends with it.</summary>
    private async ValueTask<bool> GiveAsync(Response response, CancellationToken stopping)
    {
        if (response.After > TimeSpan.Zero)
        {
            await FlushAsync(stopping);
            await Task.Delay(response.After, receiver.Clock, stopping);
        }

        if (response.Text is { } text)
        {
            Note(JournalSide.Receiver, text);
            foreach (var line in text.AsSpan().Split('\n'))
            {
                Encoding.UTF8.GetBytes(text.AsSpan(line), _output);
                _output.Write("\r\n"u8);
            }
        }

        if (response.ThenCloses)
        {
            await FlushAsync(stopping);
        }

        return !response.ThenCloses;
    }

    private async ValueTask FlushAsync(CancellationToken stopping)
    {
        if (_output.WrittenCount > 0)
        {
            await _stream.WriteAsync(_output.WrittenMemory, stopping);
            _output.ResetWrittenCount();
        }
    }

    private void Note(JournalSide side, string text)
    {
        if (receiver.Journal.KeepsEntries)
        {
            receiver.Journal.Add(new JournalEntry(receiver.Clock.GetUtcNow(), _facts.Number, side, text));
        }
    }
}
