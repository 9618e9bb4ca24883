using System.Globalization;
using System.Text.Json;
using Waybill.Bench.Load;

namespace Waybill.Bench.Measure;

/// <summary>Lays measurements of two servers side by side: medians over the runs, and the ratio.</summary>
internal static class Comparison
{
    private const string Ours = "waybill";

    private static readonly (string Name, Func<Measurement, double?> Of)[] Figures =
    [
        ("accepted/s", m => m.Load.AcceptedPerSecond),
        ("delivered/s", m => m.Load.DeliveredPerSecond),
        ("CPU s per 1,000", m => m.CpuSecondsPer1000),
        ("peak memory MiB", m => m.PeakResidentMib),
        ("processes", m => m.PeakProcesses),
        ("dot to 250 p50 ms", m => m.Load.DotToReply.P50),
        ("dot to 250 p99 ms", m => m.Load.DotToReply.P99),
        ("to delivered p50 ms", m => m.Load.ReplyToDelivered.P50),
        ("to delivered p99 ms", m => m.Load.ReplyToDelivered.P99),
        ("lost", m => m.Load.Lost),
        ("failed", m => m.Load.Failed),
        ("duplicates", m => m.Load.Duplicates),
        ("load CPU s per 1,000", m => m.LoadCpuSecondsPer1000),
        ("other CPU share", m => m.OtherCpuShare),
    ];

    /// <summary>Reads one measurement a line.</summary>
    public static ComparisonResult Read(IEnumerable<string> lines)
    {
        var runs = lines.Where(l => l.Length > 0).Select(l => JsonSerializer.Deserialize(l, MeasureJson.Default.Measurement)!).ToList();
        return new ComparisonResult([.. runs.GroupBy(r => (r.Scenario, r.Server)).Select(g => Median([.. g]))], runs);
    }

    public static void Print(ComparisonResult result, TextWriter to)
    {
        foreach (var scenario in result.Medians.GroupBy(m => m.Scenario))
        {
            var servers = scenario.OrderBy(m => m.Server == Ours).ToList();
            var runs = result.Runs.Count(r => r.Scenario == scenario.Key && r.Server == servers[0].Server);
            to.WriteLine($"{scenario.Key} ({runs} {(runs == 1 ? "run" : "runs, medians")})");
            to.WriteLine($"  {"",-22}{string.Concat(servers.Select(s => $"{s.Server,12}"))}{(servers.Count == 2 ? $"{"ratio",10}" : "")}");
            foreach (var (name, of) in Figures)
            {
                var values = servers.Select(of).ToList();
                var ratio = values is [> 0 and var theirs, { } ours] ? string.Create(CultureInfo.InvariantCulture, $"{ours / theirs,10:0.00}") : "";
                to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-22}{string.Concat(values.Select(v => string.Create(CultureInfo.InvariantCulture, $"{v,12:0.###}")))}{ratio}"));
            }

            to.WriteLine();
        }
    }

    private static Measurement Median(IReadOnlyList<Measurement> runs)
    {
        double Of(Func<Measurement, double> figure) => Middle([.. runs.Select(figure)]);
        double? OfLatency(Func<Measurement, double?> figure) => runs.All(r => figure(r) is not null) ? Middle([.. runs.Select(r => figure(r)!.Value)]) : null;
        Latency Latencies(Func<Measurement, Latency> of) =>
            new(OfLatency(r => of(r).P50), OfLatency(r => of(r).P95), OfLatency(r => of(r).P99), OfLatency(r => of(r).Max));
        return runs[0] with
        {
            CpuSecondsPer1000 = Of(r => r.CpuSecondsPer1000),
            LoadCpuSecondsPer1000 = Of(r => r.LoadCpuSecondsPer1000),
            OtherCpuShare = Of(r => r.OtherCpuShare),
            PeakResidentMib = Of(r => r.PeakResidentMib),
            PeakProcesses = (int)Of(r => r.PeakProcesses),
            Load = runs[0].Load with
            {
                Accepted = runs.Sum(r => r.Load.Accepted),
                Delivered = runs.Sum(r => r.Load.Delivered),
                Messages = runs.Sum(r => r.Load.Messages),

                // What must not happen is added up: a median would hide it.
                Failed = runs.Sum(r => r.Load.Failed),
                Lost = runs.Sum(r => r.Load.Lost),
                Duplicates = runs.Sum(r => r.Load.Duplicates),
                Unknown = runs.Sum(r => r.Load.Unknown),
                AcceptedPerSecond = Of(r => r.Load.AcceptedPerSecond),
                DeliveredPerSecond = Of(r => r.Load.DeliveredPerSecond),
                DotToReply = Latencies(r => r.Load.DotToReply),
                ReplyToDelivered = Latencies(r => r.Load.ReplyToDelivered),
            },
        };
    }

    private static double Middle(List<double> values)
    {
        values.Sort();
        var half = values.Count / 2;
        return values.Count % 2 == 1 ? values[half] : Math.Round((values[half - 1] + values[half]) / 2, 3);
    }
}
