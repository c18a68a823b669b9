using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>
/// Writes, statements and faults from a seed. In the end every record has exactly one fate at each destination, the
/// account agrees, and each destination holds what a sequential execution in journal order leaves behind.
/// </summary>
public sealed class FaultScriptTests
{
    private const int Operations = 250;
    private static readonly string[] Databases = ["x", "y", "late"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Whatever_goes_wrong_each_record_has_one_fate_and_the_order_is_kept(int seed)
    {
        await using TestCluster cluster = new("a", "b");
        cluster.Options.Delivery.Timeout = TimeSpan.FromSeconds(30);
        cluster.Options.Delivery.StatementTimeout = TimeSpan.FromSeconds(30);
        foreach (Courier courier in cluster.Cluster.Couriers)
            courier.Reconfigure();
        Dictionary<string, ModelInflux> models = new() { ["a"] = new(seed), ["b"] = new(seed + 1000) };
        foreach ((string name, ModelInflux model) in models)
            cluster[name].Script = model.Script;

        Random random = new(seed);
        List<Step> steps = [];
        for (int i = 0; i < Operations; i++)
        {
            steps.Add(Next(cluster, random, i));
            if (random.Next(4) == 0)
            {
                cluster.Time.Advance(TimeSpan.FromMilliseconds(random.Next(2_000)));
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            cluster.AssertPendingIsNotNegative();
        }

        foreach (ModelInflux model in models.Values)
            model.IsWell = true;
        steps.Add(new("late", null, null, cluster.Statement("CREATE late", "late")));
        await cluster.EventuallyAsync(
            () => cluster.Cluster.Couriers.All(static courier => courier.Tally.Pending == 0), "nothing is pending");

        cluster.AssertAccounts();
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
        foreach ((string name, ModelInflux model) in models)
        {
            await cluster.UntilAsync(
                () => steps.TrueForAll(step => step.Fates.EndAt(name) is not null || IsDiscarded(cluster, name, step)),
                "every fate is told");
            Assert.All(steps, step => Assert.True(
                step.Fates.At(name).Count(static fate => fate is "delivered" or "rejected")
                    + (IsDiscarded(cluster, name, step) ? 1 : 0) == 1,
                $"{name}: record {step.Fates.Record.Position} has {string.Join(", ", step.Fates.At(name))}"));
            AssertHolds(cluster, name, model, steps);
            CourierTally tally = cluster.Courier(name).Tally;
            Assert.Equal(steps.Count, tally.Accepted);
            Assert.Equal(steps.Count(step => step.Fates.EndAt(name) == "delivered"), tally.Delivered);
        }
    }

    private static Step Next(TestCluster cluster, Random random, int i)
    {
        string database = Databases[random.Next(Databases.Length)];
        switch (random.Next(40))
        {
            case 0:
                return new(database, null, null, cluster.Statement($"DELETE {database}", database));
            case 1:
                return new("", null, null, cluster.Statement("SHOW NOTHING"));
            case 2 when i > Operations / 2:
                return new("late", null, null, cluster.Statement("CREATE late", "late"));
            default:
                string key = random.Next(10) == 0 ? ModelInflux.Bad : $"k{random.Next(4)}";
                return new(database, key, $"{i}", cluster.Write(database, $"{key} v={i}"));
        }
    }

    /// <summary>Every value may be the last delivered one, or that of a record set aside behind it.</summary>
    private static void AssertHolds(TestCluster cluster, string name, ModelInflux model, List<Step> steps)
    {
        foreach (string database in Databases)
        {
            foreach (string key in (string[])["k0", "k1", "k2", "k3"])
            {
                HashSet<string> possible = ["nothing"];
                foreach (Step step in steps.Where(step => step.Database == database))
                {
                    bool deletes = step.Fates.Record.Target.PathAndQuery.Contains("DELETE", StringComparison.Ordinal);
                    if (step.Key != key && !deletes)
                        continue;
                    if (step.Fates.EndAt(name) == "delivered")
                        possible.Clear();
                    else if (IsDiscarded(cluster, name, step))
                        continue;
                    possible.Add(deletes ? "nothing" : step.Value!);
                }

                string held = model.Values.GetValueOrDefault((database, key), "nothing");
                Assert.True(
                    possible.Contains(held),
                    $"{name}: {database} {key} is {held}, not {string.Join(" or ", possible)}");
            }
        }
    }

    /// <summary>It was parked when a statement that deletes came: a dead letter, and nobody is told.</summary>
    private static bool IsDiscarded(TestCluster cluster, string name, Step step) =>
        step.Fates.EndAt(name) is null && step.Value is not null && cluster.Cluster.Letters.List().Any(letter =>
            letter.Destination == name && letter.Sample == $"{step.Key} v={step.Value}"
            && letter.Reason.StartsWith("the database was not there", StringComparison.Ordinal));

    private sealed record Step(string Database, string? Key, string? Value, Fates Fates);
}
