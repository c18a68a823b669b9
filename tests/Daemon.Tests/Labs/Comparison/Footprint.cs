using System.Globalization;

namespace Vrrp.Daemon.Tests.Labs.Comparison;

/// <summary>What the processes of a node's daemon take together.</summary>
/// <param name="Resident">Resident memory (RSS) in bytes; what processes share counts for each of them.</param>
/// <param name="Proportional">Proportional memory (PSS) in bytes; what processes share counts once.</param>
/// <param name="Processor">Processor time since their start, that of the commands they ran included.</param>
internal sealed record Footprint(long Resident, long Proportional, TimeSpan Processor)
{
    private const int UserTime = 11, TimesOfProcess = 4, TicksPerSecond = 100;

    /// <summary>Measures the daemon of a node.</summary>
    public static async Task<Footprint> OfAsync(LabNode node)
    {
        long resident = 0, proportional = 0, ticks = 0;
        foreach (int process in await node.DaemonsAsync())
        {
            string[] memory = await File.ReadAllLinesAsync($"/proc/{process}/smaps_rollup");
            resident += Kilobytes(memory, "Rss:") * 1024;
            proportional += Kilobytes(memory, "Pss:") * 1024;
            // The name, in parentheses, may have spaces; the rest counts from behind it. User and system time, own and
            // of children that have ended.
            string stat = await File.ReadAllTextAsync($"/proc/{process}/stat");
            ticks += stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Skip(UserTime).Take(TimesOfProcess)
                .Sum(time => long.Parse(time, CultureInfo.InvariantCulture));
        }

        return new(resident, proportional, TimeSpan.FromSeconds((double)ticks / TicksPerSecond));
    }

    // Rss:                3456 kB
    private static long Kilobytes(string[] lines, string name) => long.Parse(
        lines.First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
