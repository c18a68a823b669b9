namespace Gateway.SystemTests.Durability;

/// <summary>A backlog that a changed configuration leaves on disk is not left in silence.</summary>
public sealed class UnusedJournalTests
{
    private const string Told = "and this gateway does not deliver it: ";
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_start_with_the_journal_in_memory_tells_of_the_backlog_on_disk_and_one_on_disk_delivers_it()
    {
        await using Lab lab = await BacklogAsync();
        lab.Gateway.Configuration.With("""{ "Mirror": { "Journal": { "Durability": "Memory" } } }""");
        await lab.Gateway.RestartAsync();
        await ToldAsync(lab, Told + "set Mirror:Journal:Durability back, or remove the folder");

        Assert.Equal(0, await lab.Gateway.StopAsync(StopBound));
        lab.Gateway.Configuration.With("""{ "Mirror": { "Journal": { "Durability": "Disk" } } }""");
        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.DoesNotContain(Told, lab.Gateway.Log);
    }

    [Fact]
    public async Task A_start_with_another_name_for_the_cluster_tells_of_the_backlog_of_the_former_name()
    {
        await using Lab lab = await BacklogAsync();
        string[] destinations = [.. lab.Gateway.Configuration.Destinations.Select(
            one => $$""" "{{one.Key}}": { "Address": "{{one.Value}}" } """)];
        string[] routes = [.. new[] { "write", "query", "prometheus-write", "rest" }.Select(
            route => $$""" "{{route}}": { "ClusterId": "renamed" } """)];
        lab.Gateway.Configuration.With($$"""
            {
              "ReverseProxy": {
                "Clusters": { "influxdb": null, "renamed": { "Destinations": { {{string.Join(',', destinations)}} } } },
                "Routes": { {{string.Join(',', routes)}} }
              }
            }
            """);
        await lab.Gateway.RestartAsync();
        await ToldAsync(lab, Told + "name the cluster 'influxdb' again, or remove the folder");
    }

    /// <summary>Twenty points that B lacks, and an end.</summary>
    private static async Task<Lab> BacklogAsync()
    {
        Lab lab = await Lab.StartAsync();
        lab.B.Kill();
        for (int number = 1; number <= 20; number++)
            await lab.WriteAsync("db1", $"m v={number} {number}");
        await lab.Gateway.SettledAsync(null, "a");
        Assert.Equal(0, await lab.Gateway.StopAsync(StopBound));
        Assert.DoesNotContain(Told, lab.Gateway.WholeLog);
        return lab;
    }

    private static async Task ToldAsync(Lab lab, string remedy)
    {
        await Eventually.TrueAsync("the backlog is told of", () => lab.Gateway.Log.Contains(Told));
        string line = Assert.Single(lab.Gateway.Log.Split('\n'), line => line.Contains(Told));
        Assert.Contains($"The journal in {lab.Gateway.JournalFolder} holds 20 point(s) for b, ", line);
        Assert.Contains(remedy, line);
    }
}
