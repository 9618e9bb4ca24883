using System.Net;
using System.Text;
using Waybill.Mail.Smtp;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd.Harness;

/// <summary>Submits mail by the client double.</summary>
internal static class Submit
{
    /// <summary>Octets of a small message.</summary>
    public static byte[] Message(string subject, string from = "sender@shop.test", string to = "you@receiver.test", string text = "Hello.") => Encoding.UTF8.GetBytes(
        $"From: <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{Guid.NewGuid():N}@shop.test>\r\n\r\n{text}\r\n");

    /// <summary>Submits a message on a connection of its own; the last reply, good or bad.</summary>
    public static async Task<PeerReply> TryAsync(IPEndPoint server, string subject, string[] to, string from = "sender@shop.test", byte[]? content = null)
    {
        await using var client = await PlainClient.ConnectAsync(server, TestContext.Current.CancellationToken);
        return await client.SubmitAsync(from, to, content ?? Message(subject, from, to[0]), TestContext.Current.CancellationToken);
    }

    /// <summary>Submits a message that must be taken.</summary>
    /// <returns>Its email id.</returns>
    public static async Task<string> AcceptedAsync(IPEndPoint server, string subject, params string[] to)
    {
        var reply = await TryAsync(server, subject, to);
        Assert.True(reply.Code == 250, reply.Text);
        return IdIn(reply.Text);
    }

    /// <summary>The email id of a final reply.</summary>
    public static string IdIn(string reply)
    {
        const string Mark = "250 2.0.0 OK id=";
        Assert.StartsWith(Mark, reply, StringComparison.Ordinal);
        return reply[Mark.Length..];
    }
}
