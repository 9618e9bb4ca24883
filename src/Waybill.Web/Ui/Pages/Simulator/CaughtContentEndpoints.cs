using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Waybill.Web.Ui.Mail;

namespace Waybill.Web.Ui.Pages.Simulator;

/// <summary>A caught message's body for the frame, and its octets for a file.</summary>
internal static class CaughtContentEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetService<ICaughtMail>() is not { } caught)
        {
            return;
        }

        var message = routes.MapGroup("/simulator/{number:long}").RequireAuthorization();
        message.MapGet("/body", async (long number, HttpContext http) =>
            await caught.FindAsync(number, http.RequestAborted) is { } found
                ? MailResults.Body(http, await MailReading.ReadAsync(found.Octets, found.Octets.Length, http.RequestAborted))
                : Results.NotFound());
        message.MapGet("/source.eml", async (long number, HttpContext http) =>
            await caught.FindAsync(number, http.RequestAborted) is { } found
                ? MailResults.Source(http, new MemoryStream(found.Octets.ToArray(), writable: false), $"caught-{number}.eml")
                : Results.NotFound());
    }
}
