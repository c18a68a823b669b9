using System.Text;
using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// A gateway with its journal between clients and destinations, all of which do what a plan says; after each step and
/// in the end what was promised is asked for. Moments are the machine's, choices are the seed's.
/// </summary>
internal sealed class ClusterSimulation(int seed)
{
    private const int MostNews = 300;

    public Plan Plan { get; } = new(seed);

    /// <summary>What there was, for the sums at the end.</summary>
    public Tally Sum { get; private set; }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="BrokenPromiseException">A promise was broken; the text says which, and how it came.</exception>
    public async Task RunAsync()
    {
        var world = new World(Plan);
        int done = 0;
        try
        {
            foreach (PlanStep step in Plan.Steps)
            {
                done++;
                world.Ledger.News.Enqueue($"-- {done}.");
                await world.DoAsync(step);
                Check(world, done, await Invariants.AfterStepAsync(world));
            }

            done++;
            await world.HealAsync();
            Check(world, done, await Invariants.AfterStepAsync(world));
            Check(world, done, await Invariants.InTheEndAsync(world));
            done++;
            int traffic = world.Traffic;
            await world.StopAsync();
            await world.SettleAsync();
            Check(world, done, await Invariants.AfterStepAsync(world));
            if (world.Traffic != traffic)
                Check(world, done, ["I2: everything had its fate, and after a stop something was sent again"]);
            long dropped = world.Life.Cluster.Couriers.Sum(static one => one.Tally.Dropped);
            await world.EndAsync();
            Sum = new Tally(
                world.Kills, world.Flips, world.Ledger.Requests.Count,
                world.Ledger.Requests.Count(static one => one.IsAcknowledged),
                world.Ledger.Requests.Count(static one => one.Outcome == WriteOutcome.Full), dropped);
        }
        catch (Exception fault) when (fault is not BrokenPromiseException)
        {
            throw new BrokenPromiseException(Words(world, done, [fault.ToString()]));
        }
    }

    private void Check(World world, int done, IReadOnlyList<string> wrong)
    {
        if (wrong.Count > 0)
            throw new BrokenPromiseException(Words(world, done, wrong));
    }

    private string Words(World world, int done, IReadOnlyList<string> wrong)
    {
        var text = new StringBuilder().AppendLine($"CLUSTER_SEED={Plan.Seed}");
        foreach (string one in wrong.Take(10))
            text.AppendLine(one);
        int steps = Plan.Steps.Count;
        text.AppendLine($"-- in step {done} of the plan ({steps + 1}: all heals; {steps + 2}: the end)")
            .Append(Plan).AppendLine("-- the requests");
        foreach (ClientRequest request in world.Ledger.Requests)
            text.AppendLine(request.ToString());
        text.AppendLine("-- what happened at last");
        foreach (string one in world.Ledger.News.TakeLast(MostNews))
            text.AppendLine(one);
        return text.ToString();
    }

    /// <summary>
    /// Kills, flipped bits, requests and those of them that were acknowledged, or refused by a full journal; points that
    /// were dropped for somebody.
    /// </summary>
    public readonly record struct Tally(
        int Kills, int Flips, int Requests, int Acknowledged, int Full, long Dropped);
}

/// <summary>A promise was broken.</summary>
public sealed class BrokenPromiseException(string message) : Exception(message);
