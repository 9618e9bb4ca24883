using Waybill.Engine.Spooling;

namespace Waybill.Server;

/// <summary>Liveness (the process answers) and readiness (it takes mail).</summary>
internal static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Text("alive\n"));
        app.MapGet("/health/ready", (ISpool spool) => spool.IsAvailable
            ? Results.Text("ready\n")
            : Results.Text("the store takes nothing at the moment; see the log\n", statusCode: StatusCodes.Status503ServiceUnavailable));
    }
}
