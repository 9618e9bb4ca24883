using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Waybill.Engine.Recording;
using Waybill.Server.Control;
using Waybill.Storage.Sqlite;

namespace Waybill.Server.Verbs;

/// <summary><c>waybill queue</c>: what waits and why, and a person's orders about it.</summary>
internal static class QueueVerb
{
    private const int Shown = 500;

    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The server's data directory", DefaultValueFactory = _ => "data", Recursive = true };
        var list = new Command("list", "List what waits, newest first");
        list.SetAction((parsed, cancellationToken) => ListAsync(parsed.GetValue(data)!, cancellationToken));
        return new Command("queue", "What waits for delivery") { data, list, Order("retry", "Make waiting mail due now", data), Order("cancel", "Give waiting mail up", data) };
    }

    private static Command Order(string name, string description, Option<string> data)
    {
        var which = new Argument<string[]>("which") { Description = "Email ids, addresses, @domains, or all", Arity = ArgumentArity.OneOrMore };
        var command = new Command(name, description) { which };
        command.SetAction((parsed, cancellationToken) =>
            ControlClient.OrderAsync(parsed.GetValue(data)!, ["queue", name, .. parsed.GetValue(which)!], cancellationToken));
        return command;
    }

    private static async Task<int> ListAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        try
        {
            using var store = SqliteStore.OpenForReading(dataDirectory, TimeProvider.System, NullLoggerFactory.Instance);
            var query = new ActivityQuery { Statuses = [RecipientStatus.Processed], Limit = Shown };
            var page = await store.Timeline.SearchAsync(query, cancellationToken);
            foreach (var row in page.Rows)
            {
                var due = row.DueAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
                Console.WriteLine($"{row.EmailId}  {due}Z  attempts {row.Attempts,2}  {row.Recipient}  {row.LastInfo.ReplaceLineEndings(" ")}");
            }

            if (page.Next is not null)
            {
                await Console.Error.WriteLineAsync($"The newest {Shown} are shown; there are more.");
            }

            return ExitCodes.Ok;
        }
        catch (InvalidOperationException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitCodes.Usage;
        }
    }
}
