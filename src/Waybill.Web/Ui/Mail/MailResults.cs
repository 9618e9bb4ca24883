using Microsoft.AspNetCore.Http;
using Waybill.Web.Access;

namespace Waybill.Web.Ui.Mail;

/// <summary>Answers that carry somebody's mail.</summary>
internal static class MailResults
{
    /// <summary>The HTML body, cleaned and under a policy that lets it do nothing.</summary>
    public static IResult Body(HttpContext http, MailContent content)
    {
        if (content.Html is null)
        {
            return Results.NotFound();
        }

        SecurityHeaders.ForMail(http.Response);
        return Results.Content(MailHtml.Clean(content.Html, content.Pictures).Document, "text/html; charset=utf-8");
    }

    /// <summary>The octets as they are, as a file: never shown in place.</summary>
    public static IResult Source(HttpContext http, Stream stream, string fileName)
    {
        SecurityHeaders.ForMail(http.Response);
        return Results.Stream(stream, "message/rfc822", fileName);
    }
}
