using Waybill.Engine.Recording;
using Waybill.Storage.Sqlite;
using Waybill.Storage.Sqlite.Control;

namespace Waybill.Server.Control;

/// <summary>Gives an order to the running server, or carries it out here when none runs.</summary>
internal static class ControlClient
{
    public static async Task<int> OrderAsync(string dataDirectory, string[] words, CancellationToken cancellationToken)
    {
        try
        {
            using var client = await ControlSocket.ConnectAsync(dataDirectory, cancellationToken);
            var answer = client is null
                ? await HereAsync(dataDirectory, words, cancellationToken)
                : await ThereAsync(client, words, cancellationToken);
            await (answer.ExitCode == ExitCodes.Ok ? Console.Out : Console.Error).WriteAsync(answer.Output);
            return answer.ExitCode;
        }
        catch (Exception fault) when (fault is InvalidOperationException or HttpRequestException or IOException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitCodes.Failed;
        }
    }

    private static async Task<ControlAnswer> ThereAsync(HttpClient client, string[] words, CancellationToken cancellationToken)
    {
        using var response = await client.PostAsJsonAsync("/control/order", new ControlOrder(words), ControlJson.Default.ControlOrder, cancellationToken);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(ControlJson.Default.ControlAnswer, cancellationToken))!;
    }

    private static async Task<ControlAnswer> HereAsync(string dataDirectory, string[] words, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(dataDirectory);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<LiveFeed>();
        services.AddSqliteStore(dataDirectory);
        services.AddSqliteControlPlane(dataDirectory);
        await using var provider = services.BuildServiceProvider();
        await provider.MigrateControlPlaneAsync(cancellationToken);
        using var output = new StringWriter();
        var exit = await ControlOrders.RunAsync(provider, words, output, cancellationToken);
        return new ControlAnswer(exit, output.ToString());
    }
}
