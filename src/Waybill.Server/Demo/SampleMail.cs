using System.Net;
using System.Net.Sockets;
using System.Text;
using MimeKit;

namespace Waybill.Server.Demo;

/// <summary>Mail to look at: one for every way a delivery can end, submitted over real SMTP connections.</summary>
internal static class SampleMail
{
    private static readonly (string To, string Subject)[] Messages =
    [
        ("anna@gmail.test", "Your receipt for order 4711"),
        ("ben@outlook.test", "Reset your password"),
        ("carla@yahoo.test", "Your parcel is on its way"),
        ("dora@proofpoint.test", "Invoice 2026-1187 is attached"),
        ("emil@postfix.test", "Your weekly summary"),
        ("fatma@exim.test", "Confirm your new address"),
        ("greylist@postfix.test", "Welcome aboard"),
        ("defer@outlook.test", "Your appointment on Monday"),
        ("full@gmail.test", "Photos from the conference"),
        ("unknown@gmail.test", "We miss you"),
        ("blocked@outlook.test", "Last chance: 70 % off"),
        ("bounce@exim.test", "Your contract, to sign"),
        ("drop@postfix.test", "Your one-time code is 482913"),
        ("gerd@nullmx.test", "Your ticket has an answer"),
        ("hanna@no-such-domain.test", "Thank you for your visit"),
        ("ines@badtls.test", "Your subscription renews tomorrow"),
    ];

    /// <summary>Submits them all, one connection each.</summary>
    public static async Task SubmitAsync(IPEndPoint server, string user, string password, CancellationToken cancellationToken)
    {
        foreach (var (to, subject) in Messages)
        {
            using var message = Compose(to, subject);
            await SubmitAsync(server, user, password, to, message, cancellationToken);
        }
    }

    private static MimeMessage Compose(string to, string subject)
    {
        var message = new MimeMessage { Subject = subject };
        message.From.Add(new MailboxAddress("Shop", "orders@shop.test"));
        message.To.Add(MailboxAddress.Parse(to));
        message.Body = new BodyBuilder
        {
            TextBody = $"Hello,\n\n{subject}.\n\nThis is sample mail of the demo.\n\nThe shop\n",
            HtmlBody = $"<html><body style=\"font-family:sans-serif\"><h2>{WebUtility.HtmlEncode(subject)}</h2><p>Hello,</p><p>this is <b>sample mail</b> of the demo.</p><p>The shop</p></body></html>",
        }.ToMessageBody();
        return message;
    }

    private static async Task SubmitAsync(IPEndPoint server, string user, string password, string to, MimeMessage message, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server, cancellationToken);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        using var octets = new MemoryStream();
        message.WriteTo(new FormatOptions { NewLineFormat = NewLineFormat.Dos }, octets, cancellationToken);
        var body = Encoding.UTF8.GetString(octets.ToArray()).Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{password}"));
        await ReplyAsync(reader, cancellationToken);
        foreach (var command in new[] { "EHLO shop.test", $"AUTH PLAIN {login}", "MAIL FROM:<orders@shop.test>", $"RCPT TO:<{to}>", "DATA", body + "\r\n.", "QUIT" })
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancellationToken);
            var reply = await ReplyAsync(reader, cancellationToken);
            if (reply[0] is not ('2' or '3'))
            {
                throw new InvalidOperationException($"The sample message to {to} was refused: {reply}");
            }
        }
    }

    private static async Task<string> ReplyAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var line = await reader.ReadLineAsync(cancellationToken) ?? throw new IOException("The server closed the connection.");
            if (line.Length < 4 || line[3] != '-')
            {
                return line;
            }
        }
    }
}
