using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Waybill.Engine.Listening;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Server;

/// <summary>OpenTelemetry, sent where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says; without it nothing is collected.</summary>
internal static class Telemetry
{
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return services;
        }

        services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddMeter(EngineMetrics.Name)
                .AddRuntimeInstrumentation()
                .AddAspNetCoreInstrumentation()
                .AddOtlpExporter())
            .WithTracing(traces => traces
                .AddSource(EngineMetrics.Name)
                .AddAspNetCoreInstrumentation()
                .AddOtlpExporter());
        return services;
    }

    /// <summary>Publishes what is read rather than counted.</summary>
    public static void PublishGauges(IServiceProvider services)
    {
        var spool = services.GetRequiredService<ISpool>();
        var backlog = services.GetRequiredService<Backlog>();
        var watch = services.GetRequiredService<ConnectionWatch>();
        EngineMetrics.Gauge("waybill.waiting", "{recipient}", "Recipients that wait for delivery", () => spool.WaitingCount);
        EngineMetrics.Gauge("waybill.untried", "{recipient}", "Accepted recipients without a first attempt", () => backlog.Untried);
        EngineMetrics.Gauge("waybill.submission.connections", "{connection}", "Open submission connections", () => watch.Count);
    }
}
