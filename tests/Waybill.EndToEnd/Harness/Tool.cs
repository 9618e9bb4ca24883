using System.Diagnostics;
using System.Text;

namespace Waybill.EndToEnd.Harness;

/// <summary>What a program said and how it ended.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>Runs other people's programs.</summary>
internal static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>The path of a program; null when it is not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>The path of a program; the test is skipped where it is not installed.</summary>
    public static string Need(string name)
    {
        var path = Find(name);
        Assert.SkipWhen(path is null, $"needs {name}; eng/test installs it");
        return path!;
    }

    public static async Task<ToolRun> RunAsync(
        string program, IEnumerable<string> arguments, string? input = null, string? directory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = directory ?? "",
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(patience.Token);
        }
        catch (IOException)
        {
            await process.WaitForExitAsync(patience.Token); // It ended without reading all; its own words say why.
        }
        catch (OperationCanceledException)
        {
            Signals.Send(process.Id, Signals.Kill);
            throw;
        }

        return new ToolRun(process.ExitCode, await output, await errors);
    }
}
