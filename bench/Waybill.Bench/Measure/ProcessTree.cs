using System.Globalization;

namespace Waybill.Bench.Measure;

/// <summary>What a server's processes have used: the root and all below it, with the children that ended and were waited for.</summary>
/// <param name="CpuSeconds">User and system time, live and dead.</param>
/// <param name="ResidentOctets">Sum over the live processes; pages they share count for each of them.</param>
internal readonly record struct ProcessTree(double CpuSeconds, long ResidentOctets, int Processes)
{
    // USER_HZ: what the kernel shows to programs, whatever it counts in itself.
    private const double TicksPerSecond = 100;

    // user, nice, system, irq, softirq: all but idle, iowait and what a hypervisor took.
    private static readonly int[] BusyFields = [1, 2, 3, 6, 7];

    /// <summary>Reads /proc now.</summary>
    public static ProcessTree Read(int root)
    {
        var all = new Dictionary<int, (int Parent, long Ticks, long Pages)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Stat(pid) is { } stat)
            {
                all[pid] = stat;
            }
        }

        var (ticks, pages, processes) = (0L, 0L, 0);
        foreach (var (pid, stat) in all)
        {
            if (IsBelow(root, pid, all))
            {
                (ticks, pages, processes) = (ticks + stat.Ticks, pages + stat.Pages, processes + 1);
            }
        }

        return new ProcessTree(ticks / TicksPerSecond, pages * Environment.SystemPageSize, processes);
    }

    /// <summary>CPU seconds of this process and of its children that ended.</summary>
    public static double OwnCpuSeconds() => (Stat(Environment.ProcessId)?.Ticks ?? 0) / TicksPerSecond;

    /// <summary>CPU seconds that the whole machine was busy.</summary>
    public static double MachineCpuSeconds()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);

        return BusyFields.Sum(i => long.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static (int Parent, long Ticks, long Pages)? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");

            // The name stands in parentheses and may hold blanks; what follows the last one is regular.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            long Field(int index) => long.Parse(fields[index], CultureInfo.InvariantCulture);
            return ((int)Field(1), Field(11) + Field(12) + Field(13) + Field(14), Field(21));
        }
        catch (IOException)
        {
            return null; // It ended while we looked.
        }
    }

    private static bool IsBelow(int root, int pid, Dictionary<int, (int Parent, long Ticks, long Pages)> all)
    {
        for (var steps = 0; steps < 64 && pid > 1; steps++)
        {
            if (pid == root)
            {
                return true;
            }

            pid = all.TryGetValue(pid, out var stat) ? stat.Parent : 0;
        }

        return false;
    }
}
