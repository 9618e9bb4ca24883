using System.Runtime.InteropServices;

namespace Waybill.EndToEnd.Harness;

/// <summary>Sends a signal to one process, by its id.</summary>
internal static partial class Signals
{
    public const int Term = 15;
    public const int Kill = 9;

    public static void Send(int processId, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2); // 0 and below mean groups of processes.
        _ = kill(processId, signal); // A process that is gone already is what was wanted.
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int kill(int processId, int signal);
}
