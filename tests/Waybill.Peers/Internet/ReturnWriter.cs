using System.Globalization;
using System.Text;
using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>Writes the messages that receivers send back.</summary>
internal sealed class ReturnWriter(PeerChance chance, TimeProvider clock)
{
    private string Now => Date(clock.GetUtcNow());

    public byte[] Write(ReturnKind kind, string host, ReceivedMessage message, ReceivedRecipient recipient) =>
        kind == ReturnKind.Bounce ? Bounce(host, message, recipient) : Complaint(host, message, recipient);

    /// <summary>A failure notice with the original's header (RFC 3464, RFC 6522).</summary>
    private byte[] Bounce(string host, ReceivedMessage message, ReceivedRecipient recipient)
    {
        var boundary = $"{chance.UpperHex(10)}.{clock.GetUtcNow().ToUnixTimeSeconds()}/{host}";
        var envelopeId = Parameter(message.Parameters, "ENVID=") is { } envid ? $"Original-Envelope-Id: {envid}\r\n" : "";
        var original = Parameter(recipient.Parameters, "ORCPT=") is { } orcpt ? $"Original-Recipient: {orcpt}\r\n" : "";
        var text = $"""
            From: MAILER-DAEMON@{host} (Mail Delivery System)
            To: {message.ReversePath}
            Subject: Undelivered Mail Returned to Sender
            Date: {Now}
            Message-ID: <{NewId()}@{host}>
            Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status;
             boundary="{boundary}"

            This is a MIME-encapsulated message.

            --{boundary}
            Content-Description: Notification
            Content-Type: text/plain; charset=us-ascii

            This is the mail system at host {host}.

            I'm sorry to have to inform you that your message could not
            be delivered to one or more recipients. It's attached below.

            <{recipient.Address}>: host mailbox.{host}[127.0.0.1] said: 550 5.1.1
                <{recipient.Address}>: User unknown (in reply to RCPT TO command)

            --{boundary}
            Content-Description: Delivery report
            Content-Type: message/delivery-status

            Reporting-MTA: dns; {host}
            {envelopeId}Arrival-Date: {Date(message.At)}

            Final-Recipient: rfc822; {recipient.Address}
            {original}Action: failed
            Status: 5.1.1
            Remote-MTA: dns; mailbox.{host}
            Diagnostic-Code: smtp; 550 5.1.1 <{recipient.Address}>: User unknown

            --{boundary}
            Content-Description: Undelivered Message Headers
            Content-Type: text/rfc822-headers


            """;
        return Join(text, HeaderFields.Section(message.Content.Span), $"\r\n--{boundary}--\r\n");
    }

    /// <summary>A complaint with the whole original (RFC 5965).</summary>
    private byte[] Complaint(string host, ReceivedMessage message, ReceivedRecipient recipient)
    {
        var boundary = $"feedback-{chance.LowerHex(16)}";
        var text = $"""
            From: {host} Feedback <feedback@{host}>
            To: {message.ReversePath}
            Subject: FW: complaint about message from {message.Session.Client.Address}
            Date: {Now}
            Message-ID: <{NewId()}@{host}>
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=feedback-report;
             boundary="{boundary}"

            --{boundary}
            Content-Type: text/plain; charset=us-ascii

            This is an email abuse report for a message received from
            {message.Session.Client.Address} on {Date(message.At)}.

            --{boundary}
            Content-Type: message/feedback-report

            Feedback-Type: abuse
            User-Agent: Simulated-Internet/1.0
            Version: 1
            Original-Mail-From: <{message.ReversePath}>
            Original-Rcpt-To: <{recipient.Address}>
            Arrival-Date: {Date(message.At)}
            Source-IP: {message.Session.Client.Address}
            Reported-Domain: {message.ReversePath[(message.ReversePath.LastIndexOf('@') + 1)..]}

            --{boundary}
            Content-Type: message/rfc822
            Content-Disposition: inline


            """;
        return Join(text, message.Content.Span, $"\r\n--{boundary}--\r\n");
    }

    private string NewId() => $"{clock.GetUtcNow():yyyyMMddHHmmss}.{chance.UpperHex(10)}";

    private static string Date(DateTimeOffset at) =>
        at.ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    private static string? Parameter(string parameters, string keyword) => parameters.Split(' ')
        .Where(p => p.StartsWith(keyword, StringComparison.OrdinalIgnoreCase))
        .Select(p => p[keyword.Length..])
        .FirstOrDefault();

    private static byte[] Join(string text, ReadOnlySpan<byte> original, string end) =>
        [.. Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n")), .. original, .. Encoding.UTF8.GetBytes(end)];
}
