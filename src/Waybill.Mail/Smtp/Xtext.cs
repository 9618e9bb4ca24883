using System.Globalization;
using System.Text;

namespace Waybill.Mail.Smtp;

/// <summary>The encoding of DSN parameters (RFC 3461 §4).</summary>
public static class Xtext
{
    /// <summary>Decodes xtext.</summary>
    /// <returns>False when it breaks the grammar, or decodes to a control character: those must never reach a header or a command.</returns>
    public static bool TryDecode(ReadOnlySpan<char> text, out string decoded)
    {
        var octets = new List<byte>(text.Length);
        decoded = "";
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '+')
            {
                if (i + 2 >= text.Length
                    || !byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
                {
                    return false;
                }

                c = (char)octet;
                i += 2;
            }

            if (c is < ' ' or '\x7f' or > '\xff')
            {
                return false;
            }

            octets.Add((byte)c);
        }

        decoded = Encoding.UTF8.GetString([.. octets]);
        return true;
    }

    /// <summary>Encodes text; every character outside the printable ASCII set, "+" and "=" becomes a hexadecimal pair.</summary>
    public static string Encode(string text)
    {
        var result = new StringBuilder(text.Length + 8);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (octet is > 0x20 and < 0x7f and not (byte)'+' and not (byte)'=')
            {
                result.Append((char)octet);
            }
            else
            {
                result.Append('+').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return result.ToString();
    }
}
