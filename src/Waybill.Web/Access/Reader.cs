using Microsoft.AspNetCore.Http;

namespace Waybill.Web.Access;

/// <summary>How somebody reads: theme, what their system prefers, their time zone. Told by the browser in a cookie, so that the first frame is right.</summary>
public sealed record Reader(string Theme, bool SystemIsDark, string Zone)
{
    public const string Cookie = "waybill-ui";

    public static readonly Reader Unknown = new("system", false, "UTC");

    public bool IsDark => Theme == "dark" || (Theme == "system" && SystemIsDark);

    public static Reader Of(HttpContext? http) => Parse(http?.Request.Cookies[Cookie]);

    /// <summary>Reads <c>theme|scheme|zone</c>; what cannot be read is as if it had not been said.</summary>
    public static Reader Parse(string? value) => value?.Split('|') is [var theme, var scheme, { Length: > 0 and < 64 } zone]
        ? new Reader(theme is "light" or "dark" ? theme : "system", scheme == "dark", zone)
        : Unknown;
}
