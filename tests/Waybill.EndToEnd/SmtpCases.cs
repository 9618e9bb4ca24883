using System.Text.Json;
using Waybill.EndToEnd.Cases;
using Waybill.EndToEnd.Harness;

namespace Waybill.EndToEnd;

/// <summary>A published set of SMTP dialogues, played against the submission listener.</summary>
public sealed class SmtpCases(ITestOutputHelper output)
{
    private const int AtOnce = 8;

    [Fact]
    public async Task Every_MUST_of_the_case_file_holds()
    {
        var path = Path.Combine(SharedDirectory(), "corpora", "smtp-cases", "dev", "cases.jsonl");
        Assert.SkipUnless(File.Exists(path), $"no case file at {path}; set WAYBILL_SHARED to the directory that holds corpora/");
        var cases = File.ReadLines(path).Where(line => line.Length > 0)
            .Select(line => JsonSerializer.Deserialize<SmtpCase>(line, SmtpCase.Json)!).Where(one => !one.Needs.Contains("submission")).ToList();
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(new ServerSetup(data.Path)
            .With("--smart-host", "127.0.0.1:9")
            .Listen(0, "smtp", ("TrustedNetworks:0", "127.0.0.0/8"), ("RelayDomains:0", "here.example")));

        using var gate = new SemaphoreSlim(AtOnce);
        var faults = await Task.WhenAll(cases.Select(async one =>
        {
            await gate.WaitAsync(TestContext.Current.CancellationToken);
            try
            {
                return await CaseRunner.RunAsync(one, server["smtp"]);
            }
            finally
            {
                gate.Release();
            }
        }));

        var broken = cases.Zip(faults).Where(pair => pair.Second is not null).ToList();
        foreach (var (one, fault) in broken)
        {
            output.WriteLine($"{one.Level} {one.Id} {one.Title}: {fault}");
        }

        output.WriteLine($"{cases.Count - broken.Count} of {cases.Count} cases hold");
        Assert.True(cases.Count > 50, "the case file is nearly empty");
        Assert.DoesNotContain(broken, pair => pair.First.Level == "MUST");
    }

    private static string SharedDirectory() => Environment.GetEnvironmentVariable("WAYBILL_SHARED") is { Length: > 0 } named
        ? named
        : Path.GetFullPath(Path.Combine(RepositoryPaths.Root, "..", "shared"));
}
