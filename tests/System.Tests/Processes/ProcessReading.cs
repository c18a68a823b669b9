using System.Globalization;

namespace Gateway.SystemTests.Processes;

/// <summary>What the kernel says of a process.</summary>
internal static class ProcessReading
{
    /// <summary>The most memory it ever had resident.</summary>
    public static long PeakMemoryMB(int pid) => Number(pid, "VmHWM") / 1024;

    /// <summary>Its memory resident now.</summary>
    public static long MemoryMB(int pid) => Number(pid, "VmRSS") / 1024;

    /// <summary>Its threads now.</summary>
    public static int Threads(int pid) => (int)Number(pid, "Threads");

    private static long Number(int pid, string name)
    {
        string line = File.ReadLines($"/proc/{pid}/status")
            .First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        string number = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(number, CultureInfo.InvariantCulture);
    }
}
