using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Waybill.Engine.Recording;
using Waybill.Web.Access;
using Waybill.Web.Ui.Words;

namespace Waybill.Web.Ui.Pages.Activity;

/// <summary>The rows a filter finds, as a file.</summary>
internal static class ActivityCsv
{
    // Enough for a spreadsheet; a whole archive is not asked for through a page.
    private const int MostRows = 10_000;
    private const int PageRows = 500;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(ActivityFilter.Path + ".csv", WriteAsync).RequireAuthorization();

    private static async Task WriteAsync(HttpContext http, ITimeline timeline, CurrentAccount account, TimeProvider clock)
    {
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers[HeaderNames.ContentDisposition] = "attachment; filename=\"activity.csv\"";
        http.Response.Headers.CacheControl = "private, no-store";

        // The mark tells spreadsheets that it is UTF-8.
        await http.Response.WriteAsync(
            "\uFEFF" + Csv.Line("accepted_utc", "status", "recipient", "sender", "subject", "email_id", "message_id", "attempts", "last_event_utc", "info"),
            Encoding.UTF8, http.RequestAborted);

        var query = ActivityFilter.Parse(http.Request.QueryString.Value ?? "").ToActivityQuery(account.Id, clock.GetUtcNow(), PageRows);
        for (var rows = 0; query is not null && rows < MostRows;)
        {
            var page = await timeline.SearchAsync(query, http.RequestAborted);
            await http.Response.WriteAsync(string.Concat(page.Rows.Select(Line)), Encoding.UTF8, http.RequestAborted);
            rows += page.Rows.Count;
            query = page.Next is { } next ? query with { Before = next } : null;
        }
    }

    private static string Line(ActivityRow row) => Csv.Line(
        ReaderClock.Utc(row.AcceptedAt),
        Outcome.Of(row).Label,
        row.Recipient,
        row.Sender,
        row.Subject,
        row.EmailId.ToString(),
        row.MessageId,
        row.Attempts.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ReaderClock.Utc(row.LastEventAt),
        row.LastInfo);
}
