using Microsoft.AspNetCore.Http;

namespace Waybill.Web.Access;

/// <summary>What every answer of the pages forbids the browser to do.</summary>
internal static class SecurityHeaders
{
    // Styles may stand inline: the component library positions with them. Scripts come from our own files only.
    public const string PagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /// <summary>For the body of somebody's mail: it may draw itself and do nothing else, wherever it is opened.</summary>
    public const string MailPolicy =
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox";

    public static Task AddAsync(HttpContext http, RequestDelegate next)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = PagePolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        return next(http);
    }

    /// <summary>Lets our own page frame this answer, and takes every other liberty from it.</summary>
    public static void ForMail(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = MailPolicy;
        response.Headers.CacheControl = "private, no-store";
    }
}
