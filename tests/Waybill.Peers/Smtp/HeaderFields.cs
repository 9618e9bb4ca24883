using System.Text;

namespace Waybill.Peers.Smtp;

/// <summary>Finds a header field, for replies that quote one and for lists of what was caught.</summary>
public static class HeaderFields
{
    /// <summary>The unfolded, trimmed value of the first field of that name, not decoded further; null when there is none.</summary>
    public static string? Find(ReadOnlySpan<byte> content, string name)
    {
        string? value = null;
        while (!content.IsEmpty)
        {
            var end = content.IndexOf((byte)'\n');
            var octets = (end < 0 ? content : content[..end]).TrimEnd((byte)'\r');
            content = end < 0 ? [] : content[(end + 1)..];
            if (octets.IsEmpty)
            {
                break;
            }

            if (value is not null)
            {
                if (octets[0] is not ((byte)' ' or (byte)'\t'))
                {
                    break;
                }

                value += " " + Encoding.UTF8.GetString(octets).Trim();
            }
            else if (octets.Length > name.Length && octets[name.Length] == ':'
                && Ascii.EqualsIgnoreCase(octets[..name.Length], name))
            {
                value = Encoding.UTF8.GetString(octets[(name.Length + 1)..]).Trim();
            }
        }

        return value;
    }

    /// <summary>The header section with its last line end, without the blank line after it.</summary>
    public static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> content) =>
        content.IndexOf("\r\n\r\n"u8) is >= 0 and var end ? content[..(end + 2)] : content;
}
