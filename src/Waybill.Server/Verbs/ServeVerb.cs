using System.CommandLine;

namespace Waybill.Server.Verbs;

/// <summary><c>waybill serve</c>: the platform.</summary>
internal static class ServeVerb
{
    public static Command Create() => new PlatformVerb("serve", "Run the platform", RunAsync).Command;

    private static async Task<int> RunAsync(PlatformOptions options, CancellationToken cancellationToken)
    {
        var platform = await Platform.BuildAsync(options);
        await using var app = platform.App;
        if (platform.FirstLogin is { } login)
        {
            await FirstLoginFile.WriteAsync(options.DataDirectory, login, cancellationToken);
            await Console.Error.WriteLineAsync($"The first administrator's login is in {FirstLoginFile.PathIn(options.DataDirectory)}; remove the file once you have signed in.");
        }

        await platform.StartAsync();
        await app.WaitForShutdownAsync(cancellationToken);
        return ExitCodes.Ok;
    }
}
