using System.Buffers;
using System.Globalization;
using System.Text;
using MimeKit.Encodings;
using MimeKit.Utils;
using Waybill.Mail.Smtp;

namespace Waybill.Mail.Notifications;

/// <summary>Writes reports of failed delivery: multipart/report of a text for people, a message/delivery-status, and what was returned (RFC 3464, RFC 6522).</summary>
/// <remarks>Send it with the null reverse-path (RFC 3464 §2): a report about a report would go round for ever.</remarks>
public static class BounceWriter
{
    /// <summary>Octets of a message that are returned; a larger one comes back as its header.</summary>
    // Postfix's bounce_size_limit. The sender has the message; the report is to say which one.
    public const int MaxReturnedOctets = 50_000;

    /// <summary>Writes a report.</summary>
    /// <param name="original">The message from its first octet, up to <see cref="MaxReturnedOctets"/> of it.</param>
    /// <param name="originalOctets">The length of the whole message.</param>
    /// <returns>Whether it holds octets outside ASCII, so that it is to be sent as 8BITMIME.</returns>
    public static bool Write(BounceReport report, ReadOnlySpan<byte> original, long originalOctets, IBufferWriter<byte> output)
    {
        var isWhole = report.ReturnsContent && originalOctets <= Math.Min(original.Length, MaxReturnedOctets);
        var returned = isWhole ? original[..(int)originalOctets] : HeaderOf(original);
        var isAscii = Ascii.IsValid(returned);
        var boundary = BoundaryFor(report, returned);
        var text = new StringBuilder();

        WriteHeader(report, boundary, isAscii, text);
        WriteHumanPart(report, boundary, text);
        WriteStatusPart(report, boundary, text);
        WriteReturnedHeader(boundary, isWhole, isAscii, text);
        Encoding.UTF8.GetBytes(text.ToString(), output);
        output.Write(returned);
        Encoding.UTF8.GetBytes($"\r\n--{boundary}--\r\n", output);
        return !isAscii || !Ascii.IsValid(report.To.LocalPart);
    }

    private static void WriteHeader(BounceReport report, string boundary, bool isAscii, StringBuilder text)
    {
        text.Append($"From: Mail Delivery System <MAILER-DAEMON@{report.ReportingMta}>\r\n");
        text.Append($"To: <{report.To}>\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Date: {DateUtils.FormatDate(report.Date)}\r\n");
        text.Append($"Message-ID: {report.MessageId}\r\n");
        var subject = report.OriginalSubject.Length > 0 ? $"Not delivered: {OneLine(report.OriginalSubject)}" : "Your message was not delivered";
        text.Append($"Subject: {Fold(Encoding.ASCII.GetString(Rfc2047.EncodeText(Encoding.UTF8, subject)))}\r\n");
        if (report.OriginalMessageId.Length > 0)
        {
            var reference = OneLine(report.OriginalMessageId);
            text.Append($"In-Reply-To: {reference}\r\nReferences: {reference}\r\n");
        }

        text.Append("Auto-Submitted: auto-replied\r\n"); // RFC 3834 §5: nobody's vacation notice answers it.
        text.Append("MIME-Version: 1.0\r\n");
        text.Append($"Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n");
        text.Append(isAscii ? "\r\n" : "Content-Transfer-Encoding: 8bit\r\n\r\n");
    }

    private static void WriteHumanPart(BounceReport report, string boundary, StringBuilder text)
    {
        var human = BounceText.Write(report);
        text.Append($"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n");
        if (Ascii.IsValid(human))
        {
            text.Append("\r\n").Append(human);
            return;
        }

        var octets = Encoding.UTF8.GetBytes(human);
        var encoder = new QuotedPrintableEncoder();
        var encoded = new byte[encoder.EstimateOutputLength(octets.Length)];
        var count = encoder.Flush(octets, 0, octets.Length, encoded);
        var lines = Encoding.ASCII.GetString(encoded, 0, count).ReplaceLineEndings("\r\n");
        text.Append("Content-Transfer-Encoding: quoted-printable\r\n\r\n").Append(lines);
    }

    // RFC 3464 §2.2, §2.3: one group of fields for the message, one for each recipient, an empty line between them.
    private static void WriteStatusPart(BounceReport report, string boundary, StringBuilder text)
    {
        text.Append($"\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n");
        text.Append($"Reporting-MTA: dns; {report.ReportingMta}\r\n");
        if (report.EnvelopeId is { } id)
        {
            text.Append($"Original-Envelope-Id: {OneLine(ToAscii(id))}\r\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"Arrival-Date: {DateUtils.FormatDate(report.ArrivedAt)}\r\n");
        foreach (var recipient in report.Recipients)
        {
            text.Append("\r\n");
            WriteRecipient(recipient, text);
        }
    }

    private static void WriteRecipient(FailedRecipient recipient, StringBuilder text)
    {
        if (recipient.OriginalRecipient is { } original && original.IndexOf(';') is var semicolon and > 0)
        {
            var address = OneLine(original[(semicolon + 1)..].Trim());
            text.Append($"Original-Recipient: {ToAscii(OneLine(original[..semicolon]))}; {SevenBitAddress(address)}\r\n");
        }

        var final = recipient.FinalRecipient.ToString();
        text.Append($"Final-Recipient: {(Ascii.IsValid(final) ? "rfc822" : "utf-8")}; {SevenBitAddress(final)}\r\n");
        text.Append("Action: failed\r\n");
        text.Append($"Status: {recipient.Status ?? new EnhancedStatusCode(5, 0, 0)}\r\n");
        if (recipient.RemoteMta is { } remote)
        {
            text.Append($"Remote-MTA: dns; {OneLine(ToAscii(remote))}\r\n");
        }

        // RFC 3464 §2.3.6: "smtp" is for the words of an SMTP server; ours about a silent one are not.
        var type = recipient.IsReply ? "smtp" : "X-Waybill";
        var words = recipient.IsReply ? new PeerReply(0, recipient.Diagnostic).OnOneLine : recipient.Diagnostic;
        text.Append(Fold($"Diagnostic-Code: {type}; {ToAscii(OneLine(words))}")).Append("\r\n");
        if (recipient.LastAttemptAt is { } at)
        {
            text.Append(CultureInfo.InvariantCulture, $"Last-Attempt-Date: {DateUtils.FormatDate(at)}\r\n");
        }
    }

    // RFC 6533 §4, §6: message/global and message/global-headers where the returned octets need eight bits in their header.
    private static void WriteReturnedHeader(string boundary, bool isWhole, bool isAscii, StringBuilder text)
    {
        var type = (isWhole, isAscii) switch
        {
            (true, _) => "message/rfc822",
            (false, true) => "text/rfc822-headers",
            (false, false) => "message/global-headers",
        };
        text.Append($"\r\n--{boundary}\r\nContent-Type: {type}\r\n");
        text.Append(isAscii ? "\r\n" : "Content-Transfer-Encoding: 8bit\r\n\r\n");
    }

    private static ReadOnlySpan<byte> HeaderOf(ReadOnlySpan<byte> original)
    {
        var end = original.IndexOf("\r\n\r\n"u8);
        if (end >= 0)
        {
            return original[..(end + 2)];
        }

        var lastLine = original[..Math.Min(original.Length, MaxReturnedOctets)].LastIndexOf("\r\n"u8);
        return original[..(lastLine + (lastLine < 0 ? 1 : 2))];
    }

    private static string BoundaryFor(BounceReport report, ReadOnlySpan<byte> returned)
    {
        var boundary = "=_report_" + string.Concat(report.MessageId.Where(char.IsAsciiLetterOrDigit).Take(40));
        while (returned.IndexOf(Encoding.ASCII.GetBytes("--" + boundary)) >= 0)
        {
            boundary += "_";
        }

        return boundary;
    }

    // utf-8-addr-xtext (RFC 6533 §3): an international address in a report that every server can carry.
    private static string SevenBitAddress(string address)
    {
        if (Ascii.IsValid(address))
        {
            return address;
        }

        var result = new StringBuilder(address.Length + 16);
        foreach (var rune in address.EnumerateRunes())
        {
            if (rune.IsAscii && rune.Value is not ('\\' or '+' or '='))
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

    private static string ToAscii(string text) =>
        Ascii.IsValid(text) ? text : string.Concat(text.EnumerateRunes().Select(rune => rune.IsAscii ? (char)rune.Value : '?'));

    /// <summary>Takes out what could end a line: these texts are strangers'.</summary>
    internal static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;

    private static string Fold(string field)
    {
        var result = new StringBuilder(field.Length + 16);
        var lineOctets = 0;
        foreach (var range in field.AsSpan().Split(' '))
        {
            var word = field.AsSpan(range);
            if (lineOctets > 0)
            {
                var breaks = lineOctets + 1 + word.Length > 76;
                result.Append(breaks ? "\r\n " : " ");
                lineOctets = breaks ? 1 : lineOctets + 1;
            }

            for (; word.Length > 900; word = word[900..]) // RFC 5322 §2.1.1: no line over 998.
            {
                result.Append(word[..900]).Append("\r\n ");
                lineOctets = 1;
            }

            result.Append(word);
            lineOctets += word.Length;
        }

        return result.ToString();
    }
}
