using System.Diagnostics;
using System.Globalization;
using Waybill.Bench.Load;

namespace Waybill.Bench.Measure;

/// <summary>Runs source and sink as processes of their own against a server that is running, and watches its processes.</summary>
/// <param name="Root">The server's first process.</param>
/// <param name="Settle">How long after the last message its work still counts: what it puts off is its work too.</param>
internal sealed record MeasuredLoad(string Server, string Scenario, int Root, string Sink, IReadOnlyList<string> SourceWords, int Messages, TimeSpan Limit, TimeSpan Settle, TimeProvider Clock)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private const int TicksPerSample = 10;

    /// <exception cref="IOException">The sink did not start.</exception>
    public async Task<Measurement> RunAsync(CancellationToken stopping)
    {
        var file = Path.Combine(Path.GetTempPath(), $"waybill-bench-{Environment.ProcessId}.results");
        using var results = ResultFile.Create(file, Messages);
        try
        {
            return await RunAsync(file, results, stopping);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<Measurement> RunAsync(string file, ResultFile results, CancellationToken stopping)
    {
        var own = ProcessTree.OwnCpuSeconds();
        var seconds = ((int)Limit.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        string[] shared = ["--messages", Messages.ToString(CultureInfo.InvariantCulture), "--seconds", seconds];
        using var sink = Start(["sink", Sink, file, .. shared, "--linger-ms", "60000"], readsOutput: true);
        if (await sink.StandardOutput.ReadLineAsync(stopping) != "ready")
        {
            throw new IOException("The sink did not start.");
        }

        var (before, machine, clock) = (ProcessTree.Read(Root), ProcessTree.MachineCpuSeconds(), Clock.GetTimestamp());
        using var source = Start(["source", SourceWords[0], file, .. shared, .. SourceWords.Skip(1)], readsOutput: false);
        var peak = before;
        try
        {
            for (var tick = 0; !IsOver(results, source) && Clock.GetElapsedTime(clock) < Limit; tick++)
            {
                await Task.Delay(Tick, Clock, stopping);
                peak = tick % TicksPerSample == 0 ? Higher(peak, ProcessTree.Read(Root)) : peak;
            }

            await Task.Delay(Settle, Clock, stopping);
        }
        finally
        {
            await EndAsync(source);
            await EndAsync(sink);
        }

        var after = ProcessTree.Read(Root);
        peak = Higher(peak, after);
        var (cpu, load) = (after.CpuSeconds - before.CpuSeconds, ProcessTree.OwnCpuSeconds() - own);
        var busy = ProcessTree.MachineCpuSeconds() - machine;
        var report = LoadReport.Read(results);
        var thousands = Math.Max(1, report.Delivered) / 1000.0;
        return new Measurement(
            Server,
            Scenario,
            report,
            Math.Round(cpu / thousands, 3),
            Math.Round(load / thousands, 3),
            Math.Round(Math.Max(0, busy - cpu - load) / Math.Max(busy, 0.01), 2),
            Math.Round(peak.ResidentOctets / 1048576.0, 1),
            peak.Processes);
    }

    // The source has nothing more to send, and what it got through has arrived.
    private static bool IsOver(ResultFile results, Process source) =>
        source.HasExited && Volatile.Read(ref results.Counters.Delivered) >= Volatile.Read(ref results.Counters.Accepted);

    private static ProcessTree Higher(ProcessTree a, ProcessTree b) =>
        new(b.CpuSeconds, Math.Max(a.ResidentOctets, b.ResidentOctets), Math.Max(a.Processes, b.Processes));

    private static Process Start(IReadOnlyList<string> words, bool readsOutput)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, words) { RedirectStandardOutput = readsOutput };
        return Process.Start(start) ?? throw new IOException("Cannot start the load.");
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }
}
