using System.Text;
using MimeKit.Utils;

namespace Waybill.Mail.Messages;

/// <summary>A header field as it stands: its name and its value with the folding still in it.</summary>
public readonly ref struct HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
{
    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> Value { get; } = value;

    public bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);
}

/// <summary>Reads the fields of a header section one after the other, without copying (RFC 5322 §2.2).</summary>
/// <remarks>It stops at the empty line, at the end, or at the first line that is no field; <see cref="IsBroken"/> tells the last apart.</remarks>
public ref struct HeaderReader(ReadOnlySpan<byte> header)
{
    private ReadOnlySpan<byte> _rest = header;

    /// <summary>Whether a line stood where a field should: what follows is body without the empty line before it.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Octets from the start of the section to where reading stopped.</summary>
    public int Consumed { get; private set; }

    public bool TryRead(out HeaderField field)
    {
        field = default;
        if (_rest.IsEmpty || _rest.StartsWith("\r\n"u8))
        {
            return false;
        }

        var colon = _rest.IndexOfAny((byte)':', (byte)'\r');
        if (colon <= 0 || _rest[colon] != ':' || !IsName(_rest[..colon]))
        {
            IsBroken = true;
            return false;
        }

        var end = colon + 1;
        while (true)
        {
            var line = _rest[end..].IndexOf("\r\n"u8);
            end = line < 0 ? _rest.Length : end + line + 2;
            if (end >= _rest.Length || _rest[end] is not ((byte)' ' or (byte)'\t'))
            {
                break;
            }
        }

        var value = _rest[(colon + 1)..end];
        field = new HeaderField(_rest[..colon].TrimEnd((byte)' '), value.EndsWith("\r\n"u8) ? value[..^2] : value);
        _rest = _rest[end..];
        Consumed += end;
        return true;
    }

    /// <summary>A value for people: unfolded, encoded words decoded (RFC 2047), cut at a number of characters.</summary>
    public static string Decode(ReadOnlySpan<byte> value, int maxCharacters)
    {
        value = value.Trim(" \t\r\n"u8);
        if (value.Length > maxCharacters * 8)
        {
            value = value[..(maxCharacters * 8)];
        }

        var plain = Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0 && value.IndexOfAny((byte)'\r', (byte)'\n', (byte)'\0') < 0;
        var text = plain
            ? Encoding.ASCII.GetString(value)
            : Clean(Rfc2047.DecodeText(value.ToArray()));
        return text.Length <= maxCharacters ? text : text[..maxCharacters];
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (var octet in name)
        {
            if (octet is <= 32 or >= 127)
            {
                // RFC 5322 §4.5: blanks before the colon are obsolete, and still seen.
                return octet == ' ' && name.TrimEnd((byte)' ').IndexOf((byte)' ') < 0;
            }
        }

        return true;
    }

    private static string Clean(string text) =>
        text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
            ? text
            : string.Create(text.Length, text, static (span, source) =>
            {
                for (var i = 0; i < span.Length; i++)
                {
                    span[i] = char.IsControl(source[i]) ? ' ' : source[i];
                }
            }).Replace("  ", " ", StringComparison.Ordinal);
}
