using System.Text;

namespace Waybill.Mail.Smtp;

/// <summary>A reply that we give. It is checked when it is made, and encoded once.</summary>
public sealed class SmtpReply
{
    private readonly byte[] _wire;

    /// <param name="code">Reply code (RFC 5321 §4.2.1).</param>
    /// <param name="status">Enhanced status code, or null where RFC 2034 §4 wants none (the greeting, EHLO, HELO, 354, 334).</param>
    /// <param name="text">The text; a line feed separates the lines of a multi-line reply.</param>
    public SmtpReply(int code, EnhancedStatusCode? status, string text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 599);

        // One place checks this, so that no caller can answer "451 5.4.4" (RFC 3463 §2, RFC 2034 §4).
        if (status is { } s && s.Class != code / 100)
        {
            throw new ArgumentException($"{code} and {s} are of different classes.", nameof(status));
        }

        if (text.Contains('\r'))
        {
            throw new ArgumentException("A reply's text holds no carriage return.", nameof(text));
        }

        (Code, Status, Text) = (code, status, text);
        _wire = Encode();
    }

    public int Code { get; }

    public EnhancedStatusCode? Status { get; }

    public string Text { get; }

    /// <summary>The octets on the wire, the last CRLF included.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    public bool IsPositive => Code < 400;

    /// <summary>The reply on one line, as a timeline shows it.</summary>
    public override string ToString() =>
        Status is { } s ? $"{Code} {s} {Text.Replace('\n', ' ')}" : $"{Code} {Text.Replace('\n', ' ')}";

    private byte[] Encode()
    {
        var wire = new StringBuilder();
        var lines = Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            wire.Append(Code).Append(i == lines.Length - 1 ? ' ' : '-');
            if (Status is { } s)
            {
                wire.Append(s).Append(' ');
            }

            wire.Append(lines[i]).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(wire.ToString());
    }
}
