using System.CommandLine;
using MimeKit;
using Waybill.Server.Control;

namespace Waybill.Server.Verbs;

/// <summary><c>waybill send</c>: submits a message to the running server.</summary>
internal static class SendVerb
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The server's data directory", DefaultValueFactory = _ => "data" };
        var from = new Option<string>("--from") { Description = "The sender's address", Required = true };
        var to = new Option<string[]>("--to") { Description = "A recipient; may be given several times", Required = true, AllowMultipleArgumentsPerToken = true };
        var subject = new Option<string>("--subject") { Description = "The subject", DefaultValueFactory = _ => "" };
        var text = new Option<string>("--text") { Description = "The text", DefaultValueFactory = _ => "" };
        var html = new Option<string?>("--html") { Description = "The HTML body" };
        var attach = new Option<FileInfo[]>("--attach") { Description = "A file to attach; may be given several times", AllowMultipleArgumentsPerToken = true };
        var file = new Option<string?>("--message") { Description = "A whole message from a file, or - for standard input, in place of the options above" };
        var command = new Command("send", "Submit a message") { data, from, to, subject, text, html, attach, file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                await using var message = parsed.GetValue(file) is { } path
                    ? (path == "-" ? Console.OpenStandardInput() : File.OpenRead(path))
                    : Build(parsed.GetValue(from)!, parsed.GetValue(to)!, parsed.GetValue(subject)!, parsed.GetValue(text)!, parsed.GetValue(html), parsed.GetValue(attach) ?? []);
                return await SendAsync(parsed.GetValue(data)!, parsed.GetValue(from)!, parsed.GetValue(to)!, message, cancellationToken);
            }
            catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException or HttpRequestException)
            {
                await Console.Error.WriteLineAsync(fault.Message);
                return ExitCodes.Failed;
            }
        });
        return command;
    }

    private static MemoryStream Build(string from, string[] to, string subject, string text, string? html, FileInfo[] attachments)
    {
        var body = new BodyBuilder { TextBody = text, HtmlBody = html };
        foreach (var attachment in attachments)
        {
            body.Attachments.Add(attachment.FullName);
        }

        using var message = new MimeMessage { Subject = subject, Body = body.ToMessageBody() };
        message.From.Add(Address(from));
        message.To.AddRange(to.Select(Address));
        var octets = new MemoryStream();
        message.WriteTo(octets);
        octets.Position = 0;
        return octets;
    }

    private static MailboxAddress Address(string text) =>
        MailboxAddress.TryParse(text, out var address) ? address : throw new ArgumentException($"'{text}' is not an address.");

    private static async Task<int> SendAsync(string dataDirectory, string from, string[] to, Stream message, CancellationToken cancellationToken)
    {
        using var client = await ControlSocket.ConnectAsync(dataDirectory, cancellationToken);
        if (client is null)
        {
            await Console.Error.WriteLineAsync($"No server answers for {Path.GetFullPath(dataDirectory)}. Start it with waybill serve, or name its directory with --data.");
            return ExitCodes.Failed;
        }

        var query = "/control/send?from=" + Uri.EscapeDataString(from) + string.Concat(to.Select(one => "&to=" + Uri.EscapeDataString(one)));
        using var content = new StreamContent(message);
        using var response = await client.PostAsync(new Uri(query, UriKind.Relative), content, cancellationToken);
        var reply = await response.Content.ReadAsStringAsync(cancellationToken);
        await (response.IsSuccessStatusCode ? Console.Out : Console.Error).WriteAsync(reply);
        return response.IsSuccessStatusCode ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
