using System.Text.Json.Serialization;
using Waybill.Bench.Load;

namespace Waybill.Bench.Measure;

/// <summary>One load against one server.</summary>
/// <param name="CpuSecondsPer1000">The server's own, per 1,000 messages delivered.</param>
/// <param name="LoadCpuSecondsPer1000">Source and sink.</param>
/// <param name="OtherCpuShare">Part of the machine's busy time that is neither: above 0.1 something else disturbed the run.</param>
internal sealed record Measurement(
    string Server,
    string Scenario,
    LoadReport Load,
    double CpuSecondsPer1000,
    double LoadCpuSecondsPer1000,
    double OtherCpuShare,
    double PeakResidentMib,
    int PeakProcesses);

/// <summary>What a comparison came to: medians per scenario and server.</summary>
internal sealed record ComparisonResult(IReadOnlyList<Measurement> Medians, IReadOnlyList<Measurement> Runs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Measurement))]
[JsonSerializable(typeof(ComparisonResult))]
internal sealed partial class MeasureJson : JsonSerializerContext;
