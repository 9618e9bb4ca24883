using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Waybill.EndToEnd.Harness;

/// <summary>How a server of a test is started.</summary>
internal sealed record ServerSetup(string DataDirectory)
{
    public string Verb { get; init; } = "serve";

    /// <summary>Options beside <c>--data</c> and <c>--http</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Configuration keys, with a colon between their parts.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Takes mail from loopback without AUTH and tries again soon.</summary>
    public static ServerSetup Trusted(string dataDirectory) => new(dataDirectory)
    {
        Options = ["--smtp", "127.0.0.1:0", "--smtp-trusted", "127.0.0.1:0"],
        Settings = new Dictionary<string, string>
        {
            ["Waybill:Retry:Waits:0"] = "00:00:00.200",
            ["Waybill:Retry:Waits:1"] = "00:00:01",
            ["Waybill:Submission:HostName"] = "mail.waybill.test",
            ["Waybill:Client:ClientName"] = "mail.waybill.test",
        },
    };

    public ServerSetup With(params string[] options) => this with { Options = [.. Options, .. options] };

    public ServerSetup Set(string key, string value) => this with { Settings = new Dictionary<string, string>(Settings) { [key] = value } };

    /// <summary>Sends all mail to one host.</summary>
    public ServerSetup To(IPEndPoint smartHost) => With("--smart-host", smartHost.ToString());

    /// <summary>A listener by configuration; the first one is number 0.</summary>
    public ServerSetup Listen(int number, string name, params (string Key, string Value)[] settings)
    {
        var prefix = $"Waybill:Listening:Listeners:{number}:";
        var setup = Set(prefix + "Name", name).Set(prefix + "Endpoint", "127.0.0.1:0");
        return settings.Aggregate(setup, (one, setting) => one.Set(prefix + setting.Key, setting.Value));
    }
}

/// <summary>The real server, as a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int KeptLines = 400;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<string, IPEndPoint> _endpoints = [];

    private ServerProcess(Process process, ServerSetup setup) => (_process, Setup) = (process, setup);

    public ServerSetup Setup { get; }

    public string Data => Setup.DataDirectory;

    public int Id => _process.Id;

    public bool IsRunning => !_process.HasExited;

    /// <summary>Everything on standard output so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>The last lines of standard error.</summary>
    public string Errors => string.Join('\n', _errors);

    public IPEndPoint this[string listener] => _endpoints[listener];

    public IPEndPoint Trusted => _endpoints["smtp-trusted"];

    /// <summary>The names in the ready line.</summary>
    public IEnumerable<string> Listeners => _endpoints.Keys;

    /// <summary>Starts a server and waits for its ready line.</summary>
    public static async Task<ServerProcess> StartAsync(ServerSetup setup)
    {
        var server = Launch(setup);
        try
        {
            var ended = server._process.WaitForExitAsync(TestContext.Current.CancellationToken);
            var first = await Task.WhenAny(server._ready.Task, ended).WaitAsync(StartPatience, TimeProvider.System, TestContext.Current.CancellationToken);
            if (first == ended && !server._ready.Task.IsCompleted)
            {
                Assert.Fail($"The server ended with {server._process.ExitCode} before it was ready:\n{server.Output}\n{server.Errors}");
            }

            server._endpoints = (await server._ready.Task).Split(' ').Skip(1).Select(part => part.Split('=', 2))
                .ToDictionary(part => part[0], part => IPEndPoint.Parse(part[1]));
            return server;
        }
        catch (TimeoutException)
        {
            await server.DisposeAsync();
            throw new Xunit.Sdk.XunitException($"No ready line within {StartPatience.TotalSeconds} s:\n{server.Output}\n{server.Errors}");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the server as a power cut would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        Signals.Send(Id, Signals.Kill);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Asks the server to end: SIGTERM.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        Signals.Send(Id, Signals.Term);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(StopPatience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            Signals.Send(Id, Signals.Kill);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private static ServerProcess Launch(ServerSetup setup)
    {
        var start = new ProcessStartInfo(
            WaybillCommand.Host, [WaybillCommand.Assembly, setup.Verb, "--data", setup.DataDirectory, "--http", "127.0.0.1:0", .. setup.Options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in setup.Settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var server = new ServerProcess(new Process { StartInfo = start }, setup);
        server._process.OutputDataReceived += (_, line) => server.Hear(line.Data);
        server._process.ErrorDataReceived += (_, line) => Keep(server._errors, line.Data);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    private void Hear(string? line)
    {
        Keep(_output, line);
        if (line is not null && line.StartsWith("ready ", StringComparison.Ordinal))
        {
            _ready.TrySetResult(line);
        }
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is null)
        {
            return;
        }

        lines.Enqueue(line);
        if (lines.Count > KeptLines)
        {
            lines.TryDequeue(out _);
        }
    }
}
