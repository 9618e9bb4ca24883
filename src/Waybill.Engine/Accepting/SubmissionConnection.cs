using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Spooling;
using Waybill.Mail.Smtp;
using Replies = Waybill.Engine.Accepting.SubmissionSession.Replies;

namespace Waybill.Engine.Accepting;

/// <summary>What a session needs of the rest of the house.</summary>
public sealed record SubmissionParts(
    SubmissionDoor Door,
    IContentStore Content,
    ISmtpUsers Users,
    SubmissionOptions Options,
    TimeProvider Clock,
    ILogger<SubmissionConnection> Logger);

/// <summary>Drives a session over a duplex pipe: reads lines and content, writes replies, flushing once for each batch of pipelined commands (RFC 2920).</summary>
/// <remarks>One loop, one thread at a time. Timeouts are set as a deadline that the listener's watch reads, so a stalled client costs no timer.</remarks>
public sealed class SubmissionConnection(SubmissionParts services, SubmissionSession session, PipeReader input, PipeWriter output)
{
    // RFC 4954 §4: an AUTH line may hold 12,288 octets; the others leave room for the parameters of MAIL and RCPT.
    private const int MaxAuthLineOctets = 12_288;
    private const int MaxLineOctets = 2_048;

    private AuthExchange? _auth;
    private IncomingMessage? _message;
    private SmtpReply? _chunkFault;
    private long _deadlineTicks = long.MaxValue;

    /// <summary>When the client must have said something, in UTC ticks.</summary>
    public long DeadlineTicks => Interlocked.Read(ref _deadlineTicks);

    /// <summary>Makes the session say its last word: called by the watch when the deadline has passed, and at shutdown.</summary>
    public void Interrupt() => input.CancelPendingRead();

    /// <summary>Runs until the session ends or wants TLS.</summary>
    /// <param name="greet">False after STARTTLS, where no second greeting is given.</param>
    /// <param name="stopping">Ends the session between two commands.</param>
    /// <returns>The step that ended it: <see cref="SessionStep.Close"/> or <see cref="SessionStep.StartTls"/>.</returns>
    public async Task<SessionStep> RunAsync(bool greet, CancellationToken stopping)
    {
        try
        {
            if (greet)
            {
                Write(session.Greeting());
            }

            var step = SessionStep.Command;
            while (step is not (SessionStep.Close or SessionStep.StartTls))
            {
                step = await NextAsync(stopping);
            }

            await output.FlushAsync(CancellationToken.None);
            return step;
        }
        finally
        {
            _message?.Dispose();
        }
    }

    private async ValueTask<SessionStep> NextAsync(CancellationToken stopping)
    {
        var read = await ReadAsync(services.Options.CommandTimeout);
        if (read.IsCanceled)
        {
            input.AdvanceTo(read.Buffer.Start);
            return Last(stopping.IsCancellationRequested ? Replies.ShuttingDown : Replies.Timeout);
        }

        var buffer = read.Buffer;
        var limit = _auth is not null || StartsWithAuth(buffer) ? MaxAuthLineOctets : MaxLineOctets;
        switch (SmtpLine.TryRead(ref buffer, limit, out var line))
        {
            case LineRead.Incomplete:
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                return read.IsCompleted ? SessionStep.Close : SessionStep.Command;
            case LineRead.TooLong:
                input.AdvanceTo(read.Buffer.End);
                return Last(Replies.LineTooLong);
            case LineRead.BareLineBreak:
                input.AdvanceTo(read.Buffer.End);
                return Last(Replies.BareLineBreak);
        }

        if (_auth is not null)
        {
            var response = Encoding.ASCII.GetString(line);
            input.AdvanceTo(buffer.Start);
            return await ContinueAuthAsync(response);
        }

        var command = line.IsSingleSegment ? SmtpCommandParser.Parse(line.FirstSpan) : SmtpCommandParser.Parse(line.ToArray());
        if (command is SmtpCommand.StartTls)
        {
            // What is pipelined behind STARTTLS came in clear: it is thrown away (RFC 3207 §4.2, CVE-2011-0411).
            input.AdvanceTo(read.Buffer.End);
        }
        else
        {
            input.AdvanceTo(buffer.Start);
        }

        return await ApplyAsync(command);
    }

    private async ValueTask<SessionStep> ApplyAsync(SmtpCommand command)
    {
        var reply = session.Apply(command, out var step);
        switch (step)
        {
            case SessionStep.Content:
                Write(reply);
                return await ReadContentAsync();
            case SessionStep.Chunk:
                return await ReadChunkAsync((SmtpCommand.Bdat)command);
            case SessionStep.Authenticate:
                var auth = (SmtpCommand.Auth)command;
                _auth = new AuthExchange(auth.Mechanism);
                return await TakeAuthAsync(auth.InitialResponse);
            default:
                DropChunksUnlessOpen();
                Write(reply);
                return step;
        }
    }

    private ValueTask<SessionStep> ContinueAuthAsync(string response)
    {
        if (response != "*")
        {
            return TakeAuthAsync(response);
        }

        _auth = null;
        Write(Replies.AuthCancelled);
        return ValueTask.FromResult(SessionStep.Command);
    }

    private async ValueTask<SessionStep> TakeAuthAsync(string? response)
    {
        var auth = _auth!;
        if (!auth.Take(response))
        {
            _auth = null;
            Write(Replies.AuthNotBase64);
            return SessionStep.Command;
        }

        if (auth.Credentials is not { } credentials)
        {
            Write(new SmtpReply(334, null, auth.Challenge!));
            return SessionStep.Command;
        }

        _auth = null;
        var step = SessionStep.Command;
        try
        {
            var user = await services.Users.VerifyAsync(credentials.Name, credentials.Password, CancellationToken.None);
            Write(user is null ? session.AuthenticationFailed(out step) : session.Authenticated(user));
        }
        catch (Exception fault) when (fault is IOException or System.Data.Common.DbException)
        {
            services.Logger.SessionFaulted(fault);
            Write(Replies.AuthUnavailable);
        }

        return step;
    }

    private async ValueTask<SessionStep> ReadContentAsync()
    {
        _message = new IncomingMessage(services.Options, services.Content.Begin(), dots: true, services.Clock.GetUtcNow());
        var end = _message.StartedAt + services.Options.MessageTimeout;
        while (true)
        {
            var read = await ReadAsync(services.Options.ContentTimeout, end);
            if (read.IsCanceled)
            {
                input.AdvanceTo(read.Buffer.Start);
                return Last(Replies.Timeout);
            }

            var done = Scan(read.Buffer, out var consumed);
            input.AdvanceTo(consumed);
            if (done)
            {
                return await FinishAsync();
            }

            if (read.IsCompleted)
            {
                return SessionStep.Close; // Cut off in the middle: nothing of it remains.
            }

            if (_message.WantsFlush && await FlushContentAsync() is { } refusal)
            {
                return Last(refusal);
            }
        }
    }

    private bool Scan(ReadOnlySequence<byte> buffer, out SequencePosition consumed)
    {
        foreach (var segment in buffer)
        {
            if (_message!.Scanner.Scan(segment.Span, _message.Draft, out var taken))
            {
                consumed = buffer.GetPosition(taken);
                return true;
            }

            buffer = buffer.Slice(taken);
        }

        consumed = buffer.End;
        return false;
    }

    private async ValueTask<SessionStep> ReadChunkAsync(SmtpCommand.Bdat chunk)
    {
        _chunkFault ??= session.MayTakeChunk();
        if (_chunkFault is null)
        {
            session.Transaction!.Chunks++;
            _message ??= new IncomingMessage(services.Options, services.Content.Begin(), dots: false, services.Clock.GetUtcNow());
        }

        var left = chunk.Octets;
        if (left > services.Options.MaxMessageOctets)
        {
            return Last(Replies.TooLarge(services.Options.MaxMessageOctets)); // Not worth reading to its end.
        }

        while (left > 0)
        {
            var read = await ReadAsync(services.Options.ContentTimeout);
            if (read.IsCanceled || (read.IsCompleted && read.Buffer.IsEmpty))
            {
                input.AdvanceTo(read.Buffer.Start);
                return read.IsCanceled ? Last(Replies.Timeout) : SessionStep.Close;
            }

            var buffer = read.Buffer.Slice(0, Math.Min(left, read.Buffer.Length));
            left -= buffer.Length;
            if (_chunkFault is null)
            {
                foreach (var segment in buffer)
                {
                    _message!.Scanner.Scan(segment.Span, _message.Draft, out _);
                }
            }

            input.AdvanceTo(buffer.End);
            if (_chunkFault is null && _message!.WantsFlush && await FlushContentAsync() is { } refusal)
            {
                _chunkFault = refusal;
            }
        }

        return await EndChunkAsync(chunk.Last);
    }

    private async ValueTask<SessionStep> EndChunkAsync(bool last)
    {
        if (_chunkFault is { } fault)
        {
            DropMessage();
            if (last)
            {
                _chunkFault = null;
            }

            Write(fault);
            return SessionStep.Command;
        }

        if (!last)
        {
            Write(Replies.ChunkOk);
            return SessionStep.Command;
        }

        var message = _message!;
        message.Scanner.Finish();
        if (!message.Scanner.EndsWithLineBreak && message.Scanner.Fault == ContentFault.None)
        {
            message.Scanner.Scan("\r\n"u8, message.Draft, out _); // A message ends with a line end (RFC 5322 §2.1).
        }

        return await FinishAsync();
    }

    /// <summary>Sends what is buffered to disk; its header is complete by then.</summary>
    private async ValueTask<SmtpReply?> FlushContentAsync()
    {
        var message = _message!;
        CompleteHeader(message);
        try
        {
            await message.Draft.FlushAsync(CancellationToken.None);
            return null;
        }
        catch (IOException fault)
        {
            services.Logger.NotStored(message.EmailId, fault.Message);
            return Replies.StoreUnavailable;
        }
    }

    private async ValueTask<SessionStep> FinishAsync()
    {
        var message = _message!;
        var transaction = session.Transaction!;
        CompleteHeader(message);
        SmtpReply reply;
        if (message.Scanner.Fault != ContentFault.None)
        {
            reply = Replies.Faulty(message.Scanner.Fault, message.Scanner.FaultLine, services.Options);
        }
        else if (message.Hops > services.Options.MaxHops)
        {
            reply = Replies.Looping(message.Hops);
        }
        else
        {
            reply = await SubmitAsync(message, transaction);
        }

        await RecordRefusalsAsync(message, transaction, reply);
        DropMessage();
        session.EndTransaction();
        Write(reply);
        return SessionStep.Command;
    }

    private async ValueTask<SmtpReply> SubmitAsync(IncomingMessage message, MailTransaction transaction)
    {
        var envelope = message.Scanner.HasEightBit
            ? transaction.Envelope with { Body = BodyKind.EightBitMime }
            : transaction.Envelope;
        try
        {
            var accepted = await services.Door.SubmitAsync(new Submission
            {
                EmailId = message.EmailId,
                AcceptedAt = services.Clock.GetUtcNow(),
                AccountId = session.User?.AccountId ?? 1,
                Envelope = envelope,
                Recipients = transaction.Recipients,
                Headers = message.Headers!,
                Facts = Facts(message),
                Content = message.HandOver(),
            });
            return Replies.Accepted(accepted.EmailId.ToString());
        }
        catch (SpoolUnavailableException fault)
        {
            services.Logger.NotStored(message.EmailId, fault.Message);
            return Replies.StoreUnavailable;
        }
    }

    private async ValueTask RecordRefusalsAsync(IncomingMessage message, MailTransaction transaction, SmtpReply reply)
    {
        var refused = transaction.Refused.Select(entry => (entry.Recipient, Reply: entry.Reply.ToString()));
        if (reply.Code >= 500)
        {
            refused = refused.Concat(transaction.Recipients.Select(recipient => (recipient.ForwardPath, reply.ToString())));
        }

        foreach (var group in refused.GroupBy(entry => entry.Reply))
        {
            var recipients = group.Select(entry => entry.Recipient).ToList();

            // A message refused as a whole keeps its id; recipients refused beside others become a message of their own.
            var isWhole = reply.Code >= 500 && recipients.Count == transaction.Recipients.Count;
            await services.Door.RefuseAsync(new RefusedSubmission
            {
                EmailId = isWhole ? message.EmailId : services.Door.NextId(recipients.Count),
                RefusedAt = services.Clock.GetUtcNow(),
                AccountId = session.User?.AccountId ?? 1,
                ReversePath = transaction.Envelope.ReversePath,
                Recipients = recipients,
                Headers = message.Headers ?? new HeaderFacts(),
                Facts = Facts(message),
                Reply = group.Key,
                SizeOctets = message.Scanner.Octets,
            });
        }
    }

    private SubmissionFacts Facts(IncomingMessage message) => new()
    {
        ClientAddress = session.Client.ToString(),
        ClientName = session.ClientName ?? "",
        Protocol = session.Protocol,
        Credential = session.User?.Name,
        Tls = session.Tls,
        StartedAt = message.StartedAt,
    };

    private void CompleteHeader(IncomingMessage message) =>
        message.Complete(session, message.Headers is null ? services.Door.NextId(session.Transaction!.Recipients.Count) : message.EmailId, services.Clock.GetUtcNow());

    private void DropChunksUnlessOpen()
    {
        // RSET, EHLO and QUIT end the transaction, and its chunks with it.
        if (session.Transaction is null)
        {
            DropMessage();
            _chunkFault = null;
        }
    }

    private void DropMessage()
    {
        _message?.Dispose();
        _message = null;
    }

    private SessionStep Last(SmtpReply reply)
    {
        Write(reply);
        return SessionStep.Close;
    }

    private void Write(SmtpReply reply) => output.Write(reply.Wire);

    /// <summary>Reads what there is; only when nothing is there are the replies flushed and the client waited for.</summary>
    private async ValueTask<ReadResult> ReadAsync(TimeSpan patience, DateTimeOffset? end = null)
    {
        if (input.TryRead(out var ready))
        {
            return ready;
        }

        var deadline = services.Clock.GetUtcNow() + patience;
        Interlocked.Exchange(ref _deadlineTicks, (end < deadline ? end.Value : deadline).UtcTicks);
        await output.FlushAsync(CancellationToken.None);
        var read = await input.ReadAsync(CancellationToken.None);
        Interlocked.Exchange(ref _deadlineTicks, long.MaxValue);
        return read;
    }

    private static bool StartsWithAuth(ReadOnlySequence<byte> buffer) =>
        buffer.FirstSpan.Length >= 5 && Ascii.EqualsIgnoreCase(buffer.FirstSpan[..5], "AUTH "u8);
}
