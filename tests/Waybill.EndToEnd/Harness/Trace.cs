using System.Text.Json;

namespace Waybill.EndToEnd.Harness;

/// <summary>A line of <c>trace --json</c>. The names are the fixed points that scripts rely on.</summary>
internal sealed record TracedMail(
    string EmailId, string MessageId, string Sender, string Recipient, string Subject, string Status, IReadOnlyList<TracedEvent> Events)
{
    /// <summary>The names of the events, as they came.</summary>
    public IEnumerable<string> Kinds => Events.Select(one => one.Event);

    public TracedEvent Last => Events[^1];

    public override string ToString() => $"{Recipient} {Status}: {string.Join(" | ", Events)}";
}

internal sealed record TracedEvent(string Event, DateTimeOffset Time, string Info, string? Host, string? Ip, string? Tls, DateTimeOffset? NextAttemptAt)
{
    public override string ToString() => $"{Event} {Info}";
}

/// <summary>Asks for timelines by the command line, beside the running server.</summary>
internal static class Trace
{
    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>What is known of a term; empty when nothing is.</summary>
    public static async Task<IReadOnlyList<TracedMail>> OfAsync(string dataDirectory, string term)
    {
        var run = await WaybillCommand.RunAsync("trace", term, "--data", dataDirectory, "--json", "--limit", "500");
        Assert.True(run.ExitCode is 0 or 1, run.ToString());
        var found = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<TracedMail>(line, Names)!).ToList();
        Assert.Equal(found.Count > 0 ? 0 : 1, run.ExitCode);
        return found;
    }

    /// <summary>Waits until the one message that a term finds has come so far.</summary>
    public static async Task<TracedMail> UntilAsync(string dataDirectory, string term, Func<TracedMail, bool> isThere, string what, TimeSpan? within = null)
    {
        IReadOnlyList<TracedMail> last = [];
        try
        {
            return await Eventually.GetAsync(
                async () => (last = await OfAsync(dataDirectory, term)).FirstOrDefault(isThere),
                within ?? TimeSpan.FromSeconds(30),
                $"{term}: {what}");
        }
        catch (Xunit.Sdk.FailException fault)
        {
            throw new Xunit.Sdk.XunitException($"{fault.Message}; it has {(last.Count == 0 ? "no timeline" : string.Join('\n', last))}", fault);
        }
    }

    /// <summary>Waits until a message has a status.</summary>
    public static Task<TracedMail> UntilStatusAsync(string dataDirectory, string term, string status, TimeSpan? within = null) =>
        UntilAsync(dataDirectory, term, mail => mail.Status == status, $"becomes {status}", within);
}
