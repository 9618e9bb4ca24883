using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Ganss.Xss;

namespace Waybill.Web.Ui.Mail;

/// <summary>Makes a stranger's HTML fit to look at: no scripts, forms or frames, nothing loaded from elsewhere, links that lead nowhere.</summary>
/// <remarks>The first of three walls; the answer's policy and the frame's sandbox stand behind it.</remarks>
public static class MailHtml
{
    /// <param name="Document">A whole document.</param>
    /// <param name="LeftOut">How many pictures and styles from elsewhere were left out.</param>
    public readonly record struct Shown(string Document, int LeftOut);

    private const string Frame = """
        <!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
        <meta name="viewport" content="width=device-width"><style>body{margin:16px;font:14px/1.5 Arial,"Liberation Sans",sans-serif;color:#15191f;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}a{color:#0b6472;text-decoration:underline}img:not([src]){border:1px dashed #aab;min-width:16px;min-height:16px}</style></head><body>
        """;

    public static Shown Clean(string html, IReadOnlyDictionary<string, string> pictures)
    {
        var leftOut = 0;
        var sanitizer = new HtmlSanitizer();
        foreach (var tag in (string[])["form", "input", "button", "select", "option", "optgroup", "textarea", "fieldset", "legend", "label", "keygen", "datalist", "output", "meter", "progress", "map", "area"])
        {
            sanitizer.AllowedTags.Remove(tag);
        }

        sanitizer.AllowedTags.Add("style");
        sanitizer.AllowedTags.Add("center");
        sanitizer.AllowedSchemes.Clear();
        sanitizer.AllowedSchemes.Add("data");
        sanitizer.KeepChildNodes = true;
        sanitizer.RemovingTag += (_, e) => e.Cancel = false;
        sanitizer.FilterUrl += (_, e) =>
        {
            e.SanitizedUrl = e.Tag is IHtmlImageElement ? Picture(e.OriginalUrl, pictures) : null;
            if (e.SanitizedUrl is null && e.Tag is not IHtmlAnchorElement)
            {
                leftOut++;
            }
        };
        sanitizer.PostProcessNode += (_, e) =>
        {
            if (e.Node is IElement element)
            {
                element.RemoveAttribute("href");
                element.RemoveAttribute("target");
            }
        };
        return new Shown(Frame + sanitizer.Sanitize(html) + "</body></html>", leftOut);
    }

    private static string? Picture(string url, IReadOnlyDictionary<string, string> pictures)
    {
        if (url.StartsWith("cid:", StringComparison.OrdinalIgnoreCase))
        {
            return pictures.GetValueOrDefault(Uri.UnescapeDataString(url[4..]));
        }

        return url.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase)
            && !url.StartsWith("data:image/svg", StringComparison.OrdinalIgnoreCase) ? url : null;
    }
}
