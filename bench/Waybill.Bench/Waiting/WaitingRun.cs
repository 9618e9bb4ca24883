using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Waybill.Bench.Measure;
using Waybill.Peers.Smtp;

namespace Waybill.Bench.Waiting;

/// <summary>What a server that starts on a data directory did and took.</summary>
/// <param name="Ready">From the start of the process to its "ready" line.</param>
/// <param name="FirstAttempt">From the start of the process to the first MAIL command at the sink.</param>
/// <param name="Loaded">From the start of the process until it had nothing left to do.</param>
/// <param name="PeakOctets">The most memory that was resident (VmHWM).</param>
/// <param name="RestingOctets">What was resident when it had nothing left to do.</param>
internal sealed record WaitingResult(TimeSpan Ready, TimeSpan FirstAttempt, TimeSpan Loaded, long PeakOctets, long RestingOctets);

/// <summary>Starts the real server on a data directory, with a sink that takes everything.</summary>
internal sealed class WaitingRun(string server, string directory, int messages)
{
    private const double IdleShare = 0.03;

    private readonly TaskCompletionSource<TimeSpan> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<TimeSpan> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _started;

    public async Task<WaitingResult> RunAsync(TimeSpan limit, CancellationToken stopping)
    {
        await using var sink = ScriptedReceiver.Start(
            new ReceiverScript
            {
                Offers = SmtpOffers.All & ~SmtpOffers.StartTls,
                OnMail = _ =>
                {
                    _first.TrySetResult(Stopwatch.GetElapsedTime(_started));
                    return Response.Say("250 2.1.0 Ok");
                },
            },
            ReceiverOptions.CountingOnly);
        using var process = Start(sink.EndPoint);
        try
        {
            var ready = await _ready.Task.WaitAsync(limit, stopping);
            var first = await _first.Task.WaitAsync(limit, stopping);
            var loaded = await IdleAsync(process.Id, limit, stopping);
            return new WaitingResult(ready, first, loaded, Status(process.Id, "VmHWM"), Status(process.Id, "VmRSS"));
        }
        finally
        {
            _ = Signal(process.Id, SigTerm);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private Process Start(IPEndPoint sink)
    {
        var start = new ProcessStartInfo(server) { RedirectStandardOutput = true };
        foreach (var word in new[] { "serve", "--data", directory, "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--smtps", "127.0.0.1:0", "--smart-host", sink.ToString() })
        {
            start.ArgumentList.Add(word);
        }

        // All of them in memory, however many: what each takes is the question.
        start.Environment["Waybill__Delivery__MaxWaitingInMemory"] = (messages * 2).ToString(CultureInfo.InvariantCulture);
        _started = Stopwatch.GetTimestamp();
        var process = Process.Start(start) ?? throw new IOException($"'{server}' could not be started.");
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text && text.StartsWith("ready ", StringComparison.Ordinal))
            {
                _ready.TrySetResult(Stopwatch.GetElapsedTime(_started));
            }
        };
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>Waits until the server has used next to no processor time for two seconds.</summary>
    private async Task<TimeSpan> IdleAsync(int pid, TimeSpan limit, CancellationToken stopping)
    {
        var quiet = 0;
        var used = ProcessTree.Read(pid).CpuSeconds;
        var at = Stopwatch.GetElapsedTime(_started);
        while (quiet < 4 && Stopwatch.GetElapsedTime(_started) < limit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, stopping);
            var now = ProcessTree.Read(pid).CpuSeconds;
            if (now - used > IdleShare)
            {
                (quiet, at) = (0, Stopwatch.GetElapsedTime(_started));
            }
            else
            {
                quiet++;
            }

            used = now;
        }

        return at;
    }

    private static long Status(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/status").First(one => one.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(field.Length + 1).Trim(" \tkB"), CultureInfo.InvariantCulture) * 1024;
    }

    private const int SigTerm = 15;

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int pid, int signal);
}
