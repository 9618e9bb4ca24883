using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Waybill.Mail.Addressing;

/// <summary>A mailbox: local-part and domain or address literal (RFC 5321 §4.1.2, with the UTF-8 of RFC 6531 §3.3).</summary>
/// <remarks>The local-part is kept as it was written, quotes included: only its own host may interpret it (RFC 5321 §2.3.11).</remarks>
public sealed record Mailbox
{
    /// <summary>Longest local-part in octets (RFC 5321 §4.5.3.1.1).</summary>
    public const int MaxLocalPartOctets = 64;

    private static readonly SearchValues<char> Atext =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~");

    private Mailbox(string localPart, DomainName? domain, IPAddress? literal) =>
        (LocalPart, Domain, AddressLiteral) = (localPart, domain, literal);

    /// <summary>The part before the last @, as written.</summary>
    public string LocalPart { get; }

    /// <summary>The domain, or null when the mailbox is at an address literal.</summary>
    public DomainName? Domain { get; }

    /// <summary>The address of <c>user@[192.0.2.1]</c> or <c>user@[IPv6:2001:db8::1]</c>, else null.</summary>
    public IPAddress? AddressLiteral { get; }

    /// <summary>Whether the local-part has octets outside ASCII, so that the next hop must offer SMTPUTF8 (RFC 6531).</summary>
    public bool NeedsSmtpUtf8 => !System.Text.Ascii.IsValid(LocalPart);

    /// <summary>The text after the @: the domain's A-label form or the bracketed literal.</summary>
    public string Host => AddressLiteral is { } ip ? LiteralText(ip) : Domain!.Value.Ascii;

    /// <summary>Reads <c>local-part@domain</c>.</summary>
    /// <returns>False when the text is no mailbox of RFC 5321 §4.1.2 or passes a length of §4.5.3.1.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out Mailbox mailbox)
    {
        mailbox = null!;
        var at = AtSign(text);
        if (at <= 0 || Encoding.UTF8.GetByteCount(text[..at]) > MaxLocalPartOctets)
        {
            return false;
        }

        var local = text[..at];
        var host = text[(at + 1)..];
        if (!(local[0] == '"' ? IsQuotedString(local) : IsDotString(local)))
        {
            return false;
        }

        if (host.StartsWith("["))
        {
            return TryParseLiteral(host, out var ip) && Set(new Mailbox(local.ToString(), null, ip), out mailbox);
        }

        return DomainName.TryParse(host, out var domain)
            && Set(new Mailbox(local.ToString(), domain, null), out mailbox);
    }

    /// <exception cref="FormatException">The text is no mailbox.</exception>
    public static Mailbox Parse(string text) =>
        TryParse(text, out var mailbox) ? mailbox : throw new FormatException($"'{text}' is not a mailbox.");

    /// <summary>Reads an address literal with its brackets (RFC 5321 §4.1.3).</summary>
    public static bool TryParseLiteral(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.Length < 3 || text[0] != '[' || text[^1] != ']')
        {
            return false;
        }

        var inner = text[1..^1];
        if (inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase))
        {
            return !inner.Contains('%')
                && IPAddress.TryParse(inner[5..], out address!)
                && address.AddressFamily == AddressFamily.InterNetworkV6;
        }

        // Four numbers: IPAddress.TryParse alone would take "127.1" too.
        return inner.Count('.') == 3
            && IPAddress.TryParse(inner, out address!)
            && address.AddressFamily == AddressFamily.InterNetwork;
    }

    public override string ToString() => $"{LocalPart}@{Host}";

    private static string LiteralText(IPAddress ip) =>
        ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[IPv6:{ip}]" : $"[{ip}]";

    // The @ inside a quoted local-part does not separate.
    private static int AtSign(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] != '"')
        {
            return text.IndexOf('@');
        }

        for (var i = 1; i < text.Length - 1; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                return text[i + 1] == '@' ? i + 1 : -1;
            }
        }

        return -1;
    }

    private static bool IsDotString(ReadOnlySpan<char> local)
    {
        foreach (var range in local.Split('.'))
        {
            var atom = local[range];
            if (atom.IsEmpty)
            {
                return false;
            }

            foreach (var c in atom)
            {
                if (c < 0x80 ? !Atext.Contains(c) : char.IsControl(c))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsQuotedString(ReadOnlySpan<char> local)
    {
        if (local.Length < 2 || local[^1] != '"')
        {
            return false;
        }

        for (var i = 1; i < local.Length - 1; i++)
        {
            var c = local[i];
            if (c == '\\')
            {
                i++;
                if (i == local.Length - 1 || local[i] is < ' ' or > '~')
                {
                    return false;
                }
            }
            else if (c is '"' or < ' ' or '\x7f' || char.IsControl(c))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Set(Mailbox value, out Mailbox mailbox)
    {
        mailbox = value;
        return true;
    }
}
