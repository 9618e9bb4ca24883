using System.Buffers;

namespace Waybill.Mail.Smtp;

/// <summary>What came of reading a line.</summary>
public enum LineRead
{
    /// <summary>More octets are needed.</summary>
    Incomplete,

    /// <summary>A line was taken.</summary>
    Complete,

    /// <summary>The line passes its limit; nothing was taken.</summary>
    TooLong,

    /// <summary>A CR or LF stands alone in the line; nothing was taken.</summary>
    BareLineBreak,
}

/// <summary>Reads lines that end in CRLF and in nothing else (RFC 5321 §2.3.8).</summary>
public static class SmtpLine
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    /// <summary>Takes one line off the front of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Octets not yet consumed; moved past the line when one was taken.</param>
    /// <param name="maxOctets">Longest line allowed, CRLF included (RFC 5321 §4.5.3.1.4 to .6).</param>
    /// <param name="line">The line without its CRLF; it points into <paramref name="buffer"/>, so copy what must last.</param>
    public static LineRead TryRead(ref ReadOnlySequence<byte> buffer, int maxOctets, out ReadOnlySequence<byte> line)
    {
        line = default;
        if (buffer.IsEmpty)
        {
            return LineRead.Incomplete;
        }

        // Nearly every command arrives in one segment.
        if (TryReadSpan(buffer.FirstSpan, maxOctets, out var length) is var fast && fast != LineRead.Incomplete)
        {
            if (fast == LineRead.Complete)
            {
                line = buffer.Slice(0, length);
                buffer = buffer.Slice(length + 2);
            }

            return fast;
        }

        return buffer.IsSingleSegment ? Unfinished(buffer, maxOctets) : TryReadSegments(ref buffer, maxOctets, out line);
    }

    private static LineRead TryReadSpan(ReadOnlySpan<byte> span, int maxOctets, out int length)
    {
        length = span.IndexOfAny(LineBreaks);
        if (length < 0 || (span[length] == '\r' && length + 1 == span.Length))
        {
            return LineRead.Incomplete;
        }

        if (length + 2 > maxOctets)
        {
            return LineRead.TooLong;
        }

        // A lone CR or LF is refused, not mended: two servers that mend it differently
        // see two different dialogues in one stream (SMTP smuggling).
        return span[length] == '\r' && span[length + 1] == '\n' ? LineRead.Complete : LineRead.BareLineBreak;
    }

    private static LineRead Unfinished(ReadOnlySequence<byte> buffer, int maxOctets) =>
        buffer.Length >= maxOctets ? LineRead.TooLong : LineRead.Incomplete;

    private static LineRead TryReadSegments(ref ReadOnlySequence<byte> buffer, int maxOctets, out ReadOnlySequence<byte> line)
    {
        line = default;
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryAdvanceToAny("\r\n"u8, advancePastDelimiter: false))
        {
            return Unfinished(buffer, maxOctets);
        }

        var end = reader.Position;
        var length = reader.Consumed;
        if (length + 2 > maxOctets)
        {
            return LineRead.TooLong;
        }

        if (!reader.IsNext((byte)'\r', advancePast: true))
        {
            return LineRead.BareLineBreak;
        }

        if (!reader.TryRead(out var next))
        {
            return LineRead.Incomplete;
        }

        if (next != '\n')
        {
            return LineRead.BareLineBreak;
        }

        line = buffer.Slice(buffer.Start, end);
        buffer = buffer.Slice(reader.Position);
        return LineRead.Complete;
    }
}
