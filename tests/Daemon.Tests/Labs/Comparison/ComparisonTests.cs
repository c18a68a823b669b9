using System.Globalization;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs.Comparison;

/// <summary>
/// vrrpd on both nodes, and keepalived on both: the same faults in turn. A short round by default; GATEWAY_COMPARE says
/// how many rounds of everything there are.
/// </summary>
public sealed class ComparisonTests
{
    private const double Megabyte = 1e6;

    [Fact]
    public async Task Measured_beside_keepalived()
    {
        string wanted = Environment.GetEnvironmentVariable("GATEWAY_COMPARE") ?? "";
        int rounds = int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        IReadOnlyList<ComparedFault> faults = rounds > 0 ? ComparedFault.All : [ComparedFault.Ended];
        double idle = rounds > 0 ? 20 : 1;

        LabRoom.Require();
        await VrrpdBinary.PathAsync();
        using IDisposable room = await LabRoom.EnterAsync(isAlone: rounds > 0);
        await using ComparedPair ours = await ComparedPair.StartAsync(Pairing.Both);
        await using ComparedPair theirs = await ComparedPair.StartAsync(null);
        Footprint[] footprints = [await ours.IdleAsync(idle), await theirs.IdleAsync(idle)];
        Dictionary<ComparedFault, ComparedTimes[]> worst = [];
        for (int round = 0; round < Math.Max(1, rounds); round++)
        {
            foreach (ComparedFault fault in faults)
            {
                ComparedTimes[] now = [await ours.MeasureAsync(fault), await theirs.MeasureAsync(fault)];
                worst[fault] = worst.TryGetValue(fault, out ComparedTimes[]? before)
                    ? [before[0].Or(now[0]), before[1].Or(now[1])]
                    : now;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(Table(faults, worst) + Table(footprints, idle));
        // What is promised about memory, and that an address has one owner unless nobody can hear another.
        Assert.InRange(footprints[0].Proportional, 1, 20 * (long)Megabyte);
        foreach ((ComparedFault fault, ComparedTimes[] times) in worst)
        {
            Assert.True(times[0].Takeover is not null || fault.Name == ComparedFault.OtherKilled, fault.Name);
            if (fault.Name != ComparedFault.Partition)
                Assert.True(!times[0].IsLasting, fault.Name);
            if (fault.Name is not (ComparedFault.Partition or ComparedFault.Heal))
                Assert.True(times[0].Both < TimeSpan.FromSeconds(0.2), $"{fault.Name}: both for {times[0].Both}");
        }
    }

    private static string Table(IReadOnlyList<ComparedFault> faults, Dictionary<ComparedFault, ComparedTimes[]> worst)
    {
        string text = "\n| the master's … | vrrpd: peer has the address after | client without an answer | both have it "
            + "| keepalived: peer | client | both |\n|---|---|---|---|---|---|---|\n";
        foreach (ComparedFault fault in faults)
            text += $"| {fault.Name} | {string.Join(" | ", worst[fault].Select(times => Cells(fault, times)))} |\n";
        return text;
    }

    private static string Cells(ComparedFault fault, ComparedTimes times)
    {
        string takeover = times.Takeover is { } after ? Seconds(after) : "–";
        string both = times.IsLasting ? fault.Lasting : Seconds(times.Both);
        return $"{takeover} | {Seconds(times.Gap)} | {both}";
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);

    private static string Table(Footprint[] footprints, double idle)
    {
        string text = "\n| master, both processes | vrrpd | keepalived |\n|---|---|---|\n";
        text += Row("memory, PSS", of => Megabytes(of.Proportional));
        text += Row("memory, RSS", of => Megabytes(of.Resident));
        text += Row("processor, idle", of => Percent(of.Processor.TotalSeconds / idle));
        return text;

        string Row(string what, Func<Footprint, string> value) =>
            $"| {what} | {value(footprints[0])} | {value(footprints[1])} |\n";
    }

    private static string Percent(double ratio) => ratio.ToString("0.00 %", CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => (bytes / Megabyte).ToString("0.0 MB", CultureInfo.InvariantCulture);
}
