using System.Text.Json.Serialization;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;

namespace Waybill.Server.Control;

/// <summary>An order of the command line.</summary>
internal sealed record ControlOrder(string[] Words);

/// <summary>What came of it.</summary>
internal sealed record ControlAnswer(int ExitCode, string Output);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ControlOrder))]
[JsonSerializable(typeof(ControlAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;

/// <summary>The control socket's requests. They are not found by anybody who comes another way.</summary>
internal static partial class ControlEndpoints
{
    public static void MapControl(this WebApplication app)
    {
        var control = app.MapGroup("/control").AddEndpointFilter(async (context, next) =>
            ControlSocket.Carries(context.HttpContext) ? await next(context) : Results.NotFound());
        control.MapPost("/order", async (ControlOrder order, HttpContext http) =>
        {
            using var output = new StringWriter();
            var exit = await ControlOrders.RunAsync(http.RequestServices, order.Words, output, http.RequestAborted);
            return Results.Json(new ControlAnswer(exit, output.ToString()), ControlJson.Default.ControlAnswer);
        }).DisableAntiforgery();
        control.MapPost("/send", SendAsync).DisableAntiforgery();
    }

    private static async Task<IResult> SendAsync(HttpContext http, LocalSubmission submission)
    {
        var query = http.Request.Query;
        if (!ReversePath.TryParse(query["from"].ToString(), out var from))
        {
            return Results.Text($"'{query["from"]}' is not an address.\n", statusCode: StatusCodes.Status400BadRequest);
        }

        var recipients = new List<EnvelopeRecipient>();
        foreach (var to in query["to"])
        {
            if (!ForwardPath.TryParse(to, out var path))
            {
                return Results.Text($"'{to}' is not an address.\n", statusCode: StatusCodes.Status400BadRequest);
            }

            recipients.Add(new EnvelopeRecipient(path));
        }

        if (recipients.Count == 0)
        {
            return Results.Text("Name a recipient with --to.\n", statusCode: StatusCodes.Status400BadRequest);
        }

        var reply = await submission.SubmitAsync(from, recipients, http.Request.Body, http.RequestAborted);
        return Results.Text(reply + "\n", statusCode: reply.IsPositive ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    [LoggerMessage(9002, LogLevel.Warning, "No control socket: the path {Path} is too long for one. The verbs send, queue and smtp-user work only while the server is stopped")]
    public static partial void NoControlSocket(this ILogger logger, string path);
}
