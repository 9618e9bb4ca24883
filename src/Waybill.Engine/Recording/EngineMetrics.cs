using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Waybill.Engine.Recording;

/// <summary>What the engine measures (OpenTelemetry): meter and activity source <c>Waybill</c>. No address or subject is ever a tag.</summary>
public static class EngineMetrics
{
    public const string Name = "Waybill";

    public static readonly ActivitySource Activity = new(Name);

    private static readonly Meter Meter = new(Name);

    public static readonly Counter<long> Accepted =
        Meter.CreateCounter<long>("waybill.accepted", "{recipient}", "Recipients we took responsibility for");

    public static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("waybill.refused", "{recipient}", "Recipients refused at submission");

    public static readonly Counter<long> Attempts =
        Meter.CreateCounter<long>("waybill.attempts", "{recipient}", "Attempts by outcome, counted by recipient");

    public static readonly Histogram<double> AttemptSeconds =
        Meter.CreateHistogram<double>("waybill.attempt.duration", "s", "Time from the start of an attempt to its outcome");

    public static readonly Counter<long> Connections =
        Meter.CreateCounter<long>("waybill.connections", "{connection}", "Connections by direction");

    public static readonly Counter<long> Commits =
        Meter.CreateCounter<long>("waybill.store.commits", "{commit}", "Group commits of the spool");

    public static readonly Histogram<int> CommitSize =
        Meter.CreateHistogram<int>("waybill.store.commit.size", "{request}", "Requests that shared a group commit");

    public static readonly UpDownCounter<long> Sessions =
        Meter.CreateUpDownCounter<long>("waybill.sessions", "{session}", "Open submission sessions");

    /// <summary>Publishes a value that is asked for when it is read.</summary>
    public static void Gauge(string name, string unit, string description, Func<long> read) =>
        Meter.CreateObservableGauge(name, read, unit, description);
}
