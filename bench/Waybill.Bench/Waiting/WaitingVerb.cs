using System.Diagnostics;
using System.Globalization;
using Waybill.Bench.Load;

namespace Waybill.Bench.Waiting;

/// <summary>A queue of many: how soon a server that starts on it delivers, and what it holds of it in memory.</summary>
internal static class WaitingVerb
{
    /// <summary>The goal for the first attempt.</summary>
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(10);

    private const double MostOctets = 1_024;

    // Below this, what the runtime takes by chance is more than what the messages take.
    private const int FewestToJudge = 200_000;

    public static async Task<int> RunAsync(string[] words, CancellationToken stopping)
    {
        var arguments = new Arguments(words, "messages", "past", "domains", "server", "seconds");
        var root = arguments.Alone(0, "DIRECTORY");
        var messages = arguments.Number("messages", 1_000_000, 1_000, 50_000_000);
        var past = arguments.Number("past", 1_000, 1, messages);
        var domains = arguments.Number("domains", 1_000, 1, 1_000_000);
        var server = arguments.Text("server", "");
        var limit = TimeSpan.FromSeconds(arguments.Number("seconds", 600, 1, 86_400));
        if (server.Length == 0)
        {
            throw new UsageException("--server wants the path of the waybill command.");
        }

        var (few, many) = (Path.Combine(root, "few"), Path.Combine(root, "many"));
        await WaitingFill.RunAsync(few, past, past, domains, stopping);
        var start = Stopwatch.GetTimestamp();
        await WaitingFill.RunAsync(many, messages, past, domains, stopping);
        var filling = Stopwatch.GetElapsedTime(start);
        Say($"{messages:N0} messages accepted in {filling.TotalSeconds:0.0} s: {messages / filling.TotalSeconds:N0} a second");

        var empty = await new WaitingRun(server, few, messages).RunAsync(limit, stopping);
        Say($"with {past:N0} due:      first attempt after {empty.FirstAttempt.TotalSeconds:0.00} s (ready after {empty.Ready.TotalSeconds:0.00} s), peak memory {empty.PeakOctets / 1e6:0.0} MB, resting {empty.RestingOctets / 1e6:0.0} MB");
        var full = await new WaitingRun(server, many, messages).RunAsync(limit, stopping);
        Say($"with {messages:N0} waiting: first attempt after {full.FirstAttempt.TotalSeconds:0.00} s (ready after {full.Ready.TotalSeconds:0.00} s, all read after {full.Loaded.TotalSeconds:0.0} s), peak memory {full.PeakOctets / 1e6:0.0} MB, resting {full.RestingOctets / 1e6:0.0} MB");
        var octets = (full.PeakOctets - empty.PeakOctets) / (double)messages;
        Say($"{octets:0} octets of peak memory for each waiting message");

        var soon = full.FirstAttempt < LongestStart;
        var small = octets < MostOctets || messages < FewestToJudge;
        Say($"goals: first attempt within {LongestStart.TotalSeconds:0} s {(soon ? "met" : "MISSED")}; under {MostOctets:0} octets each {(messages < FewestToJudge ? "not judged for so few" : small ? "met" : "MISSED")}");
        return soon && small ? 0 : 1;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
