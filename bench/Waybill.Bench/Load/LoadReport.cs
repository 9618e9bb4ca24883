using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Waybill.Bench.Load;

/// <summary>Percentiles in milliseconds; null when nothing was measured.</summary>
internal sealed record Latency(double? P50, double? P95, double? P99, double? Max)
{
    public static Latency Of(List<double> milliseconds)
    {
        milliseconds.Sort();
        double? At(double share) => milliseconds.Count == 0 ? null : Math.Round(milliseconds[(int)((milliseconds.Count - 1) * share)], 3);
        return new Latency(At(0.50), At(0.95), At(0.99), At(1));
    }
}

/// <summary>What one load came to. Rates count from the first dial, latency from the final dot.</summary>
/// <param name="Lost">Accepted and never delivered.</param>
/// <param name="DotToReply">Final dot sent to 250 read.</param>
/// <param name="ReplyToDelivered">250 read to final dot at the sink; 0 where the sink was first.</param>
internal sealed record LoadReport(
    long Messages,
    long Accepted,
    long Delivered,
    long Failed,
    long Lost,
    long Duplicates,
    long Unknown,
    long SourceConnections,
    long SinkConnections,
    double AcceptedPerSecond,
    double DeliveredPerSecond,
    Latency DotToReply,
    Latency ReplyToDelivered)
{
    public static LoadReport Read(ResultFile results)
    {
        var head = results.Counters;
        var (replies, deliveries, lost) = (new List<double>(), new List<double>(), 0L);
        for (var i = 0L; i < head.Messages; i++)
        {
            var at = results[i];
            if (at.AcceptedAt == 0)
            {
                continue;
            }

            replies.Add((at.AcceptedAt - at.DotSentAt) / 1e6);
            if (at.DeliveredAt == 0)
            {
                lost++;
            }
            else
            {
                deliveries.Add(Math.Max(0, at.DeliveredAt - at.AcceptedAt) / 1e6);
            }
        }

        return new LoadReport(
            head.Messages,
            head.Accepted,
            head.Delivered,
            head.Failed,
            lost,
            head.Duplicates,
            head.Unknown,
            head.SourceConnections,
            head.SinkConnections,
            PerSecond(head.Accepted, head.LastAcceptedAt - head.StartedAt),
            PerSecond(head.Delivered, head.LastDeliveredAt - head.StartedAt),
            Latency.Of(replies),
            Latency.Of(deliveries));
    }

    public string ToJson() => JsonSerializer.Serialize(this, LoadJson.Default.LoadReport);

    public void Print(TextWriter to)
    {
        string Line(string name, Latency l) =>
            string.Create(CultureInfo.InvariantCulture, $"{name}: p50 {l.P50} ms, p95 {l.P95} ms, p99 {l.P99} ms, max {l.Max} ms");
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"accepted {Accepted} of {Messages}, {AcceptedPerSecond}/s over {SourceConnections} connections; {Failed} failed"));
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"delivered {Delivered}, {DeliveredPerSecond}/s over {SinkConnections} connections; {Lost} lost, {Duplicates} duplicates, {Unknown} unknown"));
        to.WriteLine(Line("dot to 250", DotToReply));
        to.WriteLine(Line("250 to delivered", ReplyToDelivered));
    }

    private static double PerSecond(long count, long nanoseconds) => nanoseconds <= 0 ? 0 : Math.Round(count / (nanoseconds / 1e9), 1);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class LoadJson : JsonSerializerContext;
