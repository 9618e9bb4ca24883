using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Smtp;

namespace Waybill.Server.Control;

/// <summary>The client's side of a session in this process: one command, one reply.</summary>
internal sealed class LocalDialogue(PipeReader replies, PipeWriter commands)
{
    public async Task<PeerReply> RunAsync(
        string name, ReversePath from, IReadOnlyList<EnvelopeRecipient> recipients, Stream message, CancellationToken cancellationToken)
    {
        var reply = await ReadAsync(cancellationToken);
        var utf8 = from.Mailbox is { NeedsSmtpUtf8: true } || recipients.Any(one => one.ForwardPath.Mailbox.NeedsSmtpUtf8);
        string[] opening = [$"EHLO {name}", $"MAIL FROM:<{from}>{(utf8 ? " SMTPUTF8" : "")}", .. recipients.Select(one => $"RCPT TO:<{one.ForwardPath}>"), "DATA"];
        foreach (var command in opening)
        {
            if (!reply.IsPositive)
            {
                return reply;
            }

            await commands.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancellationToken);
            reply = await ReadAsync(cancellationToken);
        }

        if (reply.Code != 354)
        {
            return reply;
        }

        // The session reads while this writes: a large message flows, it is not held.
        var writing = WriteContentAsync(message, cancellationToken);
        reply = await ReadAsync(cancellationToken);
        await writing;
        return reply;
    }

    private async Task WriteContentAsync(Stream message, CancellationToken cancellationToken)
    {
        var input = PipeReader.Create(message);
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (TryTakeLine(ref buffer, read.IsCompleted, out var line))
            {
                if (line.FirstSpan.StartsWith("."u8))
                {
                    commands.Write("."u8);
                }

                foreach (var segment in line)
                {
                    commands.Write(segment.Span);
                }

                commands.Write("\r\n"u8);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                commands.Write(".\r\n"u8);
            }

            await commands.FlushAsync(cancellationToken);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, bool completed, out ReadOnlySequence<byte> line)
    {
        var end = buffer.PositionOf((byte)'\n');
        line = end is null ? buffer : buffer.Slice(0, end.Value);
        if (end is null && (!completed || buffer.IsEmpty))
        {
            return false;
        }

        buffer = end is null ? buffer.Slice(buffer.End) : buffer.Slice(buffer.GetPosition(1, end.Value));
        if (line.Length > 0 && line.Slice(line.Length - 1).FirstSpan[0] == '\r')
        {
            line = line.Slice(0, line.Length - 1);
        }

        return true;
    }

    private async Task<PeerReply> ReadAsync(CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        while (true)
        {
            var read = await replies.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (SmtpLine.TryRead(ref buffer, 4_096, out var line) == LineRead.Complete)
            {
                lines.Add(Encoding.UTF8.GetString(line));
                if (lines[^1].Length < 4 || lines[^1][3] != '-')
                {
                    replies.AdvanceTo(buffer.Start);
                    return new PeerReply(int.Parse(lines[^1].AsSpan(0, 3), CultureInfo.InvariantCulture), string.Join('\n', lines));
                }
            }

            replies.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                throw new IOException("The session ended without a reply.");
            }
        }
    }
}
