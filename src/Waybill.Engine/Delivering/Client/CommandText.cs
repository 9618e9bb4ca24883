using System.Globalization;
using System.Text;
using Waybill.Engine.Spooling;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Writes MAIL and RCPT with the parameters the peer offers. Each command is one string, which the wire and the transcript share.</summary>
internal static class CommandText
{
    /// <summary>MAIL FROM (RFC 5321 §4.1.1.2) with SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461).</summary>
    public static string Mail(Envelope envelope, long octets, bool smtpUtf8, PeerExtensions peer)
    {
        // Concatenated from parts that are mostly empty: one string for the wire, none on the way.
        var size = peer.Size ? $" SIZE={octets}" : "";
        var body = peer.EightBitMime && envelope.Body == BodyKind.EightBitMime ? " BODY=8BITMIME" : "";
        var utf8 = smtpUtf8 && peer.SmtpUtf8 ? " SMTPUTF8" : "";
        return Checked($"MAIL FROM:<{envelope.ReversePath}>{size}{body}{utf8}{(peer.Dsn ? Dsn(envelope) : "")}");
    }

    /// <summary>RCPT TO (RFC 5321 §4.1.1.3) with NOTIFY and ORCPT (RFC 3461).</summary>
    public static string Rcpt(EnvelopeRecipient recipient, PeerExtensions peer)
    {
        var to = recipient.ForwardPath.ToString();
        return Checked(peer.Dsn && (recipient.Notify != DsnNotify.Unspecified || recipient.OriginalRecipient is not null)
            ? $"RCPT TO:<{to}>{Notify(recipient.Notify)}{OriginalRecipient(recipient.OriginalRecipient)}"
            : $"RCPT TO:<{to}>");
    }

    private static string Dsn(Envelope envelope)
    {
        var ret = envelope.Return switch { DsnReturn.Full => " RET=FULL", DsnReturn.Headers => " RET=HDRS", _ => "" };
        return envelope.EnvelopeId is { } id ? $"{ret} ENVID={Xtext.Encode(id)}" : ret;
    }

    // RFC 3461 §4.1: NEVER stands alone.
    private static string Notify(DsnNotify notify)
    {
        if (notify == DsnNotify.Unspecified)
        {
            return "";
        }

        if (notify.HasFlag(DsnNotify.Never))
        {
            return " NOTIFY=NEVER";
        }

        var words = new List<string>(3);
        foreach (var (flag, word) in new[] { (DsnNotify.Success, "SUCCESS"), (DsnNotify.Failure, "FAILURE"), (DsnNotify.Delay, "DELAY") })
        {
            if (notify.HasFlag(flag))
            {
                words.Add(word);
            }
        }

        return $" NOTIFY={string.Join(',', words)}";
    }

    private static string OriginalRecipient(string? original)
    {
        if (original is null || original.IndexOf(';') is var semicolon && semicolon <= 0)
        {
            return "";
        }

        var (type, address) = (original[..semicolon], original[(semicolon + 1)..]);
        return type.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            ? $" ORCPT={type};{Utf8AddressXtext(address)}"
            : $" ORCPT={type};{Xtext.Encode(address)}";
    }

    // utf-8-addr-xtext of RFC 6533 §3: characters outside QCHAR as \x{HEX}; it holds with and without SMTPUTF8.
    private static string Utf8AddressXtext(string address)
    {
        if (address.Contains(@"\x{", StringComparison.Ordinal) && Ascii.IsValid(address))
        {
            return address.Replace("+", @"\x{2B}", StringComparison.Ordinal).Replace("=", @"\x{3D}", StringComparison.Ordinal); // As it came.
        }

        var result = new StringBuilder(address.Length + 16);
        foreach (var rune in address.EnumerateRunes())
        {
            if (rune.Value is > 0x20 and < 0x7f and not ('+' or '=' or '\\'))
            {
                result.Append((char)rune.Value);
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X}}}");
            }
        }

        return result.ToString();
    }

    // The parts are values that cannot hold a line end; this is what keeps it so when one of them changes.
    private static string Checked(string command) => command.AsSpan().IndexOfAny('\r', '\n', '\0') < 0
        ? command
        : throw new InvalidOperationException("A command holds a line end: an address or a parameter was not checked where it came in.");
}
