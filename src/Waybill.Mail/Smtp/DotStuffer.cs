using System.Buffers;

namespace Waybill.Mail.Smtp;

/// <summary>
/// Writes a message's octets as DATA carries them: a dot at the start of a line is doubled (RFC 5321 §4.5.2), and every
/// line ends in CRLF, whatever the content says (§2.3.8). One message uses one.
/// </summary>
/// <remarks>
/// A bare CR or LF never leaves this server: two servers that read it differently see two different messages in one
/// stream (SMTP smuggling). Submission refuses it; this is the second lock on the same door.
/// </remarks>
public struct DotStuffer
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private State _state;

    private enum State : byte
    {
        LineStart,
        Text,

        /// <summary>A CR ended the last piece and is not written yet.</summary>
        Cr,
    }

    /// <summary>Writes the next piece of content; how the content is cut makes no difference.</summary>
    public void Write(ReadOnlySpan<byte> content, IBufferWriter<byte> output)
    {
        if (content.IsEmpty)
        {
            return;
        }

        if (_state == State.Cr)
        {
            output.Write("\r\n"u8);
            content = content[0] == '\n' ? content[1..] : content;
            _state = State.LineStart;
        }

        if (_state == State.LineStart && content is [(byte)'.', ..])
        {
            output.Write("."u8);
        }

        // Everything up to a place that needs a change is copied in one go, so plain text is searched, not walked.
        var start = 0;
        for (var at = 0; at < content.Length;)
        {
            var found = content[at..].IndexOfAny(LineBreaks);
            if (found < 0)
            {
                _state = State.Text;
                break;
            }

            at += found;
            var isCr = content[at] == '\r';
            if (isCr && at + 1 == content.Length)
            {
                output.Write(content[start..at]);
                _state = State.Cr;
                return;
            }

            var isPair = isCr && content[at + 1] == '\n';
            var next = isPair ? at + 2 : at + 1;
            if (!isPair)
            {
                output.Write(content[start..at]);
                output.Write("\r\n"u8);
                start = next;
            }

            if (next < content.Length && content[next] == '.')
            {
                output.Write(content[start..next]);
                output.Write("."u8);
                start = next;
            }

            (at, _state) = (next, State.LineStart);
        }

        output.Write(content[start..]);
    }

    /// <summary>Ends the last line if the content did not, and writes the dot that ends the data (RFC 5321 §4.1.1.4).</summary>
    public void End(IBufferWriter<byte> output)
    {
        output.Write(_state == State.LineStart ? ".\r\n"u8 : "\r\n.\r\n"u8);
        _state = State.LineStart;
    }

    /// <summary>Whether content can go by BDAT as it is, whose octets are counted and never mended.</summary>
    public static bool HasStrictLines(ReadOnlySpan<byte> content)
    {
        while (content.IndexOfAny(LineBreaks) is var at and >= 0)
        {
            if (content[at] != '\r' || at + 1 == content.Length || content[at + 1] != '\n')
            {
                return false;
            }

            content = content[(at + 2)..];
        }

        return true;
    }
}
