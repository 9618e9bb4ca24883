using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;
using Waybill.Storage.Sqlite;

namespace Waybill.Server.Verbs;

/// <summary><c>waybill trace</c>: the timeline in the terminal, beside a running server or without one.</summary>
internal static class TraceVerb
{
    public static Command Create()
    {
        var term = new Argument<string>("term") { Description = "An email id, a Message-ID, an address, or an id out of a confirmation reply" };
        var data = new Option<string>("--data") { Description = "The server's data directory", DefaultValueFactory = _ => "data" };
        var json = new Option<bool>("--json") { Description = "One JSON object per message and recipient" };
        var limit = new Option<int>("--limit") { Description = "Most messages to show", DefaultValueFactory = _ => 50 };
        var command = new Command("trace", "Show what happened to a message") { term, data, json, limit };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(term)!, parsed.GetValue(data)!, parsed.GetValue(json), Math.Clamp(parsed.GetValue(limit), 1, 500), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string term, string dataDirectory, bool json, int limit, CancellationToken cancellationToken)
    {
        try
        {
            using var store = SqliteStore.OpenForReading(dataDirectory, TimeProvider.System, NullLoggerFactory.Instance);
            var found = await store.Timeline.TraceAsync(1, term, limit, cancellationToken);
            if (Console.IsOutputRedirected)
            {
                AnsiConsole.Profile.Width = 10_000; // A reply is one line for whoever searches in it.
            }

            foreach (var timeline in found)
            {
                if (json)
                {
                    Console.WriteLine(JsonSerializer.Serialize(TraceJson.Of(timeline), TraceJsonContext.Readable.TraceJson));
                }
                else
                {
                    TraceText.Write(AnsiConsole.Console, timeline);
                }
            }

            if (found.Count == 0)
            {
                await Console.Error.WriteLineAsync($"Nothing is known of '{term}' in {Path.GetFullPath(dataDirectory)}. Try the whole address, the Message-ID, or the id out of the reply.");
            }

            return found.Count > 0 ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (InvalidOperationException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitCodes.Usage;
        }
    }
}
