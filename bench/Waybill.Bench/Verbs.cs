using System.Globalization;
using System.Text.Json;
using Waybill.Bench.Load;
using Waybill.Bench.Measure;

namespace Waybill.Bench;

/// <summary>The verbs of the command line. Each gives the exit code: 0 all messages, 1 not all, 2 called wrongly.</summary>
internal static class Verbs
{
    public static int Source(ReadOnlySpan<string> words, CancellationToken stopping)
    {
        var arguments = new Arguments(words, SourceOptions.Names);
        using var results = OpenOrCreate(arguments);
        using var source = new LoadSource(SourceOptions.From(arguments), results, TimeProvider.System);
        return source.Run(stopping) ? 0 : 1;
    }

    public static int Sink(ReadOnlySpan<string> words, CancellationToken stopping)
    {
        var arguments = new Arguments(words, "messages", "seconds", "linger-ms");
        using var results = OpenOrCreate(arguments);
        using var sink = new LoadSink(arguments.Loopback(0, "ADDRESS"), results);
        Console.WriteLine("ready");
        var limit = TimeSpan.FromSeconds(arguments.Number("seconds", 600, 1, 86_400));
        var linger = TimeSpan.FromMilliseconds(arguments.Number("linger-ms", 0, 0, 60_000));
        return sink.Run(limit, linger, stopping) ? 0 : 1;
    }

    public static int Report(ReadOnlySpan<string> words)
    {
        var arguments = new Arguments(words, "format");
        using var results = ResultFile.Open(arguments.Alone(0, "FILE"));
        var report = LoadReport.Read(results);
        if (arguments.Text("format", "text") == "json")
        {
            Console.WriteLine(report.ToJson());
        }
        else
        {
            report.Print(Console.Out);
        }

        return report is { Lost: 0, Failed: 0 } && report.Delivered == report.Messages ? 0 : 1;
    }

    public static async Task<int> MeasureAsync(string[] words, CancellationToken stopping)
    {
        var arguments = new Arguments(words, [.. SourceOptions.Names, "sink", "pid", "server", "scenario", "settle-ms", "out"]);
        var source = SourceOptions.From(arguments);
        string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);
        var load = new MeasuredLoad(
            arguments.Text("server", "server"),
            arguments.Text("scenario", "load"),
            arguments.Number("pid", 0, 1, int.MaxValue) is > 0 and var pid ? pid : throw new UsageException("--pid wants the server's first process."),
            arguments.Text("sink", "127.0.0.1:2626"),
            [
                source.Target.ToString(), "--size", Whole(source.SizeOctets), "--sessions", Whole(source.Sessions), "--domains", Whole(source.Domains),
                "--per-conn", Whole(source.PerConnection), "--rate", Whole(source.Rate),
            ],
            arguments.Number("messages", 1_000, 1, 100_000_000),
            source.Limit,
            TimeSpan.FromMilliseconds(arguments.Number("settle-ms", 1_000, 0, 60_000)),
            TimeProvider.System);
        var measurement = await load.RunAsync(stopping);
        var line = JsonSerializer.Serialize(measurement, MeasureJson.Default.Measurement);
        if (arguments.Text("out", "") is { Length: > 0 } path)
        {
            await File.AppendAllLinesAsync(path, [line], stopping);
        }
        else
        {
            Console.WriteLine(line);
        }

        return measurement.Load is { Lost: 0, Failed: 0 } report && report.Delivered == report.Messages ? 0 : 1;
    }

    public static int Compare(ReadOnlySpan<string> words)
    {
        var arguments = new Arguments(words, "json");
        var result = Comparison.Read(File.ReadLines(arguments.Alone(0, "FILE")));
        Comparison.Print(result, Console.Out);
        if (arguments.Text("json", "") is { Length: > 0 } path)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(result, MeasureJson.Default.ComparisonResult) + "\n");
        }

        return result.Medians.All(m => m.Load is { Lost: 0, Failed: 0 } report && report.Delivered == report.Messages) ? 0 : 1;
    }

    public static int Help()
    {
        Console.WriteLine(HelpText.Text);
        return 0;
    }

    // The sink is started first and makes the file; a source alone makes its own.
    private static ResultFile OpenOrCreate(Arguments arguments)
    {
        var path = arguments.Alone(1, "FILE");
        var messages = arguments.Number("messages", 1_000, 1, 100_000_000);
        if (!File.Exists(path))
        {
            return ResultFile.Create(path, messages);
        }

        var results = ResultFile.Open(path);
        return results.Messages == messages ? results : throw new UsageException($"{path} is of a load of {results.Messages} messages.");
    }
}
