using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Web.Access;
using Waybill.Web.Ui.Mail;

namespace Waybill.Web.Ui.Pages.Message;

/// <summary>A stored message's body for the frame, and its octets for a file.</summary>
internal static class MessageContentEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var message = routes.MapGroup("/message/{emailId}/{place:int}").RequireAuthorization();
        message.MapGet("/body", BodyAsync);
        message.MapGet("/source.eml", SourceAsync);
    }

    private static async Task<IResult> BodyAsync(
        string emailId, int place, HttpContext http, ITimeline timeline, IContentStore contents, CurrentAccount account)
    {
        using var lease = await OpenAsync(emailId, place, timeline, contents, account, http.RequestAborted);
        if (lease is null)
        {
            return Results.NotFound();
        }

        var content = await MailReading.ReadAsync(lease.OpenStream(), lease.LengthOctets, http.RequestAborted);
        return MailResults.Body(http, content);
    }

    private static async Task<IResult> SourceAsync(
        string emailId, int place, HttpContext http, ITimeline timeline, IContentStore contents, CurrentAccount account)
    {
        var lease = await OpenAsync(emailId, place, timeline, contents, account, http.RequestAborted);
        if (lease is null)
        {
            return Results.NotFound();
        }

        // The lease lives until the last octet has gone out.
        http.Response.RegisterForDispose(lease);
        return MailResults.Source(http, lease.OpenStream(), $"{emailId}.eml");
    }

    private static async Task<ContentLease?> OpenAsync(
        string emailId, int place, ITimeline timeline, IContentStore contents, CurrentAccount account, CancellationToken cancellationToken)
    {
        if (!EmailId.TryParse(emailId, out var id)
            || await timeline.FindAsync(account.Id, RecipientId.Of(id, place), cancellationToken) is not { Content: { } reference })
        {
            return null;
        }

        try
        {
            return contents.Open(reference);
        }
        catch (ContentGoneException)
        {
            return null;
        }
    }
}
