using System.Buffers;
using System.Text;

namespace Waybill.Mail.Smtp;

/// <summary>What is wrong with the octets of a message. The first fault found stands.</summary>
public enum ContentFault
{
    None,

    /// <summary>A CR without LF (RFC 5321 §2.3.8).</summary>
    BareCr,

    /// <summary>A LF without CR (RFC 5321 §2.3.8).</summary>
    BareLf,

    /// <summary>A text line over the limit (RFC 5321 §4.5.3.1.6).</summary>
    LineTooLong,

    /// <summary>The header section is over the limit.</summary>
    HeaderTooLarge,

    /// <summary>The message is over the limit (RFC 1870).</summary>
    TooLarge,
}

/// <summary>Where the limits of a message's content lie.</summary>
/// <param name="MaxLineOctets">Longest text line, CRLF included.</param>
public sealed record ContentLimits(long MaxOctets, int MaxHeaderOctets, int MaxLineOctets);

/// <summary>
/// Reads a message's octets as they arrive: finds the end of data, takes the stuffed dots out, holds to strict line
/// ends and limits, and finds the end of the header section, all in one pass (RFC 5321 §4.1.1.4, §4.5.2; RFC 3030).
/// </summary>
/// <remarks>
/// After a fault the rest is read but no longer kept, so that the refusal is given where the client listens: after its
/// end of data. Not safe for two threads at once.
/// </remarks>
public sealed class ContentScanner
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private readonly ContentLimits _limits;
    private readonly bool _dots;
    private State _state = State.LineStart;
    private int _lineOctets;

    /// <param name="dots">True for DATA, where a dot ends and stuffs; false for BDAT, where octets are counted.</param>
    public ContentScanner(ContentLimits limits, bool dots) => (_limits, _dots) = (limits, dots);

    private enum State
    {
        LineStart,
        Text,
        Cr,
        Dot,
        DotCr,
    }

    public ContentFault Fault { get; private set; }

    /// <summary>Number of the line in which the fault was found, counted from 1.</summary>
    public int FaultLine { get; private set; }

    /// <summary>Lines ended so far.</summary>
    public int Lines { get; private set; }

    /// <summary>Octets kept so far.</summary>
    public long Octets { get; private set; }

    /// <summary>Octets of the header section with the empty line that ends it, or -1 while it has not ended.</summary>
    public int HeaderOctets { get; private set; } = -1;

    /// <summary>Whether any octet is above 127.</summary>
    public bool HasEightBit { get; private set; }

    /// <summary>Whether the last octet seen ends a line, so that nothing is cut in the middle.</summary>
    public bool EndsWithLineBreak => _state == State.LineStart;

    /// <summary>Takes octets.</summary>
    /// <param name="input">What has arrived; consumed as far as the return value of <paramref name="consumed"/> says.</param>
    /// <param name="output">Gets the message's own octets.</param>
    /// <param name="consumed">Octets taken from the front of <paramref name="input"/>.</param>
    /// <returns>True when the end of data was found; what follows it is the next command.</returns>
    public bool Scan(ReadOnlySpan<byte> input, IBufferWriter<byte> output, out int consumed)
    {
        var i = 0;
        while (i < input.Length)
        {
            switch (_state)
            {
                case State.LineStart when _dots && input[i] == '.':
                    _state = State.Dot;
                    i++;
                    break;
                case State.LineStart:
                    _state = State.Text;
                    break;
                case State.Text:
                    i += TakeText(input[i..], output);
                    break;
                case State.Cr:
                    i += AfterCr(input[i], output);
                    break;
                case State.Dot:
                    // The dot was stuffed, or the end begins (RFC 5321 §4.5.2).
                    _state = input[i] == '\r' ? State.DotCr : State.Text;
                    i += input[i] == '\r' ? 1 : 0;
                    break;
                case State.DotCr when input[i] == '\n':
                    _state = State.LineStart;
                    consumed = i + 1;
                    return true;
                default:
                    SetFault(ContentFault.BareCr);
                    _state = State.Text;
                    break;
            }
        }

        consumed = i;
        return false;
    }

    /// <summary>Says that no more octets come; a CR in the last place is then bare.</summary>
    public void Finish()
    {
        if (_state == State.Cr)
        {
            SetFault(ContentFault.BareCr);
        }
    }

    private int TakeText(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var end = input.IndexOfAny(LineBreaks);
        var text = end < 0 ? input : input[..end];
        Keep(text, output);
        _lineOctets += text.Length;
        if (_lineOctets > _limits.MaxLineOctets - 2)
        {
            SetFault(ContentFault.LineTooLong);
        }

        if (end < 0)
        {
            return input.Length;
        }

        if (input[end] == '\n')
        {
            SetFault(ContentFault.BareLf);
            _lineOctets++;
        }
        else
        {
            _state = State.Cr;
        }

        return end + 1;
    }

    private int AfterCr(byte next, IBufferWriter<byte> output)
    {
        if (next != '\n')
        {
            SetFault(ContentFault.BareCr);
            _state = State.Text;
            return 0;
        }

        Keep("\r\n"u8, output);
        Lines++;
        if (HeaderOctets < 0 && _lineOctets == 0)
        {
            HeaderOctets = (int)Math.Min(Octets, int.MaxValue);
        }

        _lineOctets = 0;
        _state = State.LineStart;
        return 1;
    }

    private void Keep(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        if (octets.IsEmpty || Fault != ContentFault.None)
        {
            return;
        }

        if (Octets + octets.Length > _limits.MaxOctets)
        {
            SetFault(ContentFault.TooLarge);
            return;
        }

        if (HeaderOctets < 0 && Octets + octets.Length > _limits.MaxHeaderOctets)
        {
            SetFault(ContentFault.HeaderTooLarge);
            return;
        }

        HasEightBit = HasEightBit || !Ascii.IsValid(octets);
        output.Write(octets);
        Octets += octets.Length;
    }

    private void SetFault(ContentFault fault)
    {
        if (Fault == ContentFault.None)
        {
            (Fault, FaultLine) = (fault, Lines + 1);
        }
    }
}
