using System.Text;
using MimeKit;

namespace Waybill.Web.Ui.Mail;

/// <summary>Takes a message apart. Whatever a stranger wrote, it answers with what could be read.</summary>
public static class MailReading
{
    private const int LargestPicture = 512 * 1024;

    public static async Task<MailContent> ReadAsync(Stream stream, long lengthOctets, CancellationToken cancellationToken)
    {
        var octets = new byte[Math.Min(lengthOctets, MailContent.MostOctets)];
        var read = await stream.ReadAtLeastAsync(octets, octets.Length, throwOnEndOfStream: false, cancellationToken);
        return await ReadAsync(octets.AsMemory(0, read), lengthOctets, cancellationToken);
    }

    public static async Task<MailContent> ReadAsync(ReadOnlyMemory<byte> octets, long lengthOctets, CancellationToken cancellationToken)
    {
        var source = TextOf(octets.Span[..Math.Min(octets.Length, MailContent.MostCharacters)]);
        using var memory = new MemoryStream(octets.ToArray(), writable: false);
        try
        {
            using var message = await MimeMessage.LoadAsync(memory, persistent: true, cancellationToken);
            return new MailContent
            {
                LengthOctets = lengthOctets,
                Headers = HeadersOf(message),
                Html = Body(message.HtmlBody),
                Text = Body(message.TextBody),
                Source = source,
                Files = [.. FilesOf(message)],
                Pictures = PicturesOf(message),
            };
        }
        catch (FormatException)
        {
            // No header at all: the source is still what came.
            return new MailContent { LengthOctets = lengthOctets, Headers = [], Source = source, Files = [], Pictures = new Dictionary<string, string>() };
        }
    }

    // MimeKit keeps the Content- fields with the body; here they stand where they came.
    private static IReadOnlyList<HeaderLine> HeadersOf(MimeMessage message) =>
    [
        .. message.Headers.Concat(message.Body?.Headers ?? [])
            .OrderBy(field => field.Offset ?? long.MaxValue)
            .Select(field => new HeaderLine(field.Field, TextOf(field.RawValue).Trim())),
    ];

    private static string? Body(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    private static IEnumerable<MailFile> FilesOf(MimeMessage message)
    {
        foreach (var entity in message.BodyParts.Where(part => part.IsAttachment || part.ContentType.Name is not null))
        {
            yield return new MailFile(
                entity.ContentDisposition?.FileName ?? entity.ContentType.Name ?? "(no name)",
                entity.ContentType.MimeType,
                entity is MimePart { Content: { } content } ? Decoded(content).Length : 0);
        }
    }

    private static Dictionary<string, string> PicturesOf(MimeMessage message)
    {
        var pictures = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in message.BodyParts.OfType<MimePart>())
        {
            if (part is { ContentId: { Length: > 0 } id, Content: { } content }
                && part.ContentType.MimeType.ToLowerInvariant() is "image/png" or "image/jpeg" or "image/gif" or "image/webp"
                && Decoded(content) is { Length: <= LargestPicture } octets)
            {
                pictures[id] = $"data:{part.ContentType.MimeType.ToLowerInvariant()};base64,{Convert.ToBase64String(octets)}";
            }
        }

        return pictures;
    }

    private static byte[] Decoded(IMimeContent content)
    {
        using var target = new MemoryStream();
        content.DecodeTo(target);
        return target.ToArray();
    }

    // UTF-8 where it is, else every octet as itself, so that nothing is hidden behind replacement signs.
    private static string TextOf(ReadOnlySpan<byte> octets)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(octets);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(octets);
        }
    }
}
