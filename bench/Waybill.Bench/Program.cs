using System.Runtime.InteropServices;
using Waybill.Bench;
using Waybill.Bench.Load;
using Waybill.Bench.Waiting;

using var stopping = new CancellationTokenSource();
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
try
{
    return args switch
    {
        ["source", .. var rest] => Verbs.Source(rest, stopping.Token),
        ["sink", .. var rest] => Verbs.Sink(rest, stopping.Token),
        ["report", .. var rest] => Verbs.Report(rest),
        ["measure", .. var rest] => await Verbs.MeasureAsync(rest, stopping.Token),
        ["waiting", .. var rest] => await WaitingVerb.RunAsync(rest, stopping.Token),
        ["compare", .. var rest] => Verbs.Compare(rest),
        [] or ["--help" or "-h" or "help", ..] => Verbs.Help(),
        _ => throw new UsageException($"There is no verb '{args[0]}'."),
    };
}
catch (UsageException fault)
{
    Console.Error.WriteLine($"{fault.Message} See --help.");
    return 2;
}
catch (OperationCanceledException)
{
    return 130;
}
catch (IOException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.Cancel();
}
