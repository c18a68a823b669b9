using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>
/// The log against thousands of schedules of crashes and disk faults. <c>JOURNAL_SEED</c> replays one that failed;
/// <c>JOURNAL_SECONDS</c> goes on for so long, from a seed that differs from run to run.
/// </summary>
public sealed class LogSimulationTests(ITestOutputHelper output)
{
    private const int SeedsInTheSuite = 3000;

    [Fact]
    public void What_was_acknowledged_is_found_again_whatever_the_disk_does()
    {
        if (Setting("JOURNAL_SEED") is { } one)
        {
            new LogSimulation(one).Run();
            return;
        }

        int first = Setting("JOURNAL_SECONDS") is null ? 1 : Environment.TickCount & 0x3fffffff;
        TimeSpan most = TimeSpan.FromSeconds(Setting("JOURNAL_SECONDS") ?? 0);
        long clock = Stopwatch.GetTimestamp();
        var failures = new ConcurrentQueue<string>();
        long seeds = 0, crashes = 0, confirmed = 0, lost = 0, givenUp = 0, compactions = 0, failing = 0;
        for (int seed = first; seed < first + SeedsInTheSuite || Stopwatch.GetElapsedTime(clock) < most; seed++)
        {
            var simulation = new LogSimulation(seed);
            try
            {
                simulation.Run();
            }
            catch (Exception e)
            {
                failures.Enqueue($"JOURNAL_SEED={seed}: {e}");
                if (failures.Count == 5)
                    break;
            }

            seeds++;
            crashes += simulation.Crashes;
            confirmed += simulation.Model.Confirmed;
            lost += simulation.Model.Lost;
            givenUp += simulation.GivenUp;
            compactions += simulation.Compactions;
            failing += simulation.FailingStarts;
        }

        double minutes = Stopwatch.GetElapsedTime(clock).TotalMinutes;
        output.WriteLine(
            $"{seeds} seeds, {seeds / minutes:F0} a minute: {crashes} crashes, {givenUp} segments given up, " +
            $"{compactions} compactions, {failing} starts that could not read, " +
            $"{confirmed} acknowledged records found again, {lost} lost to flipped bits and reported");
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures));
        // The schedules reach what they are for.
        Assert.True(crashes > seeds / 2 && givenUp > 0 && lost > 0 && confirmed > seeds && compactions > seeds / 4
            && failing > seeds / 4);
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
