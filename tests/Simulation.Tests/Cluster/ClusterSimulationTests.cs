using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// The gateway against thousands of schedules of kills, power cuts, failing disks and destinations that stall, fail,
/// vanish and lose connections. <c>CLUSTER_SEED</c> replays one that failed; <c>CLUSTER_SECONDS</c> goes on for so
/// long, from that seed if both are given.
/// </summary>
public sealed class ClusterSimulationTests(ITestOutputHelper output)
{
    private const int SecondsInTheSuite = 15;
    private const int MostFailures = 3;

    // Worlds wait for each other's threads, and for a disk's patience, more than they compute.
    private static readonly int AtOnce = Environment.ProcessorCount * 48;

    [Fact]
    public async Task Whatever_happens_to_the_gateway_and_its_destinations_each_promise_is_kept()
    {
        // Some wait for threads while others hold them.
        ThreadPool.SetMinThreads(AtOnce, AtOnce);
        int? asked = Setting("CLUSTER_SEED"), seconds = Setting("CLUSTER_SECONDS");
        if (asked is { } one && seconds is null)
        {
            output.WriteLine(new Plan(one).ToString());
            await new ClusterSimulation(one).RunAsync();
            return;
        }

        int first = asked ?? Environment.TickCount & 0x3fffffff;
        output.WriteLine($"The first seed is {first}");
        var most = TimeSpan.FromSeconds(seconds ?? SecondsInTheSuite);
        long clock = Stopwatch.GetTimestamp();
        var failures = new ConcurrentQueue<string>();
        long kills = 0, requests = 0, acknowledged = 0, full = 0, dropped = 0;
        int seeds = 0;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(clock) < most && failures.Count < MostFailures)
            {
                var simulation = new ClusterSimulation(first + Interlocked.Increment(ref seeds) - 1);
                try
                {
                    await simulation.RunAsync();
                }
                catch (BrokenPromiseException broken)
                {
                    failures.Enqueue(broken.Message);
                    // All of it comes in the end, and is long.
                    output.WriteLine(string.Join(' ', broken.Message.Split('\n').Take(2)));
                }

                Interlocked.Add(ref kills, simulation.Sum.Kills);
                Interlocked.Add(ref requests, simulation.Sum.Requests);
                Interlocked.Add(ref acknowledged, simulation.Sum.Acknowledged);
                Interlocked.Add(ref full, simulation.Sum.Full);
                Interlocked.Add(ref dropped, simulation.Sum.Dropped);
            }
        })));

        double minutes = Stopwatch.GetElapsedTime(clock).TotalMinutes;
        output.WriteLine(
            $"{seeds} seeds, {seeds / minutes:F0} a minute: {kills} kills, {requests} requests, " +
            $"{acknowledged} of them acknowledged, {full} refused by a full journal; {dropped} points dropped");
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures));
        // The schedules reach what they are for.
        Assert.True(kills > seeds / 2 && acknowledged > requests / 3 && full > 0 && dropped > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7224487)]
    [InlineData(7436100)]
    [InlineData(13244429)]
    [InlineData(90006004)]
    public Task Each_promise_is_kept_in_schedules_that_everybody_sees(int seed) =>
        new ClusterSimulation(seed).RunAsync();

    private static int? Setting(string name)
    {
        string? text = Environment.GetEnvironmentVariable(name);
        return int.TryParse(text, CultureInfo.InvariantCulture, out int value) ? value : null;
    }
}
