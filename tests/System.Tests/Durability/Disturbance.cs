using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>
/// Kills, ends and pauses the processes of a lab, one at a time or several at once, and cuts connections between them,
/// by a seed.
/// </summary>
internal sealed class Disturbance(Lab lab, int seed)
{
    private readonly Random random = new(seed);
    private readonly SortedDictionary<string, int> done = new(StringComparer.Ordinal);

    /// <summary>What was done, and how often.</summary>
    public string Summary => string.Join(", ", done.Select(pair => $"{pair.Value} {pair.Key}"));

    /// <summary>Disturbs for so long, then puts everything in order.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (watch.Elapsed < time)
        {
            await Task.Delay(random.Next(100, 1500));
            switch (random.Next(10))
            {
                case 0 or 1:
                    Note("kills of the gateway");
                    lab.Gateway.Kill();
                    await lab.Gateway.RestartAsync(waitReady: false);
                    break;
                case 2:
                    Note("ends of the gateway");
                    Assert.Equal(0, await lab.Gateway.StopAsync(TimeSpan.FromSeconds(20)));
                    await lab.Gateway.RestartAsync(waitReady: false);
                    break;
                case 3:
                    Note("pauses of the gateway");
                    lab.Gateway.Pause();
                    await Task.Delay(random.Next(100, 2500));
                    lab.Gateway.Resume();
                    break;
                case 4 or 5:
                    Note("kills of a server");
                    await ToggleAsync(Any());
                    break;
                case 6 or 7:
                    Note("spells of lost connections");
                    await LoseConnectionsAsync(random.Next(2) == 0 ? lab.ProxyA : lab.ProxyB);
                    break;
                default:
                    Note("pauses of a server");
                    InfluxServer server = Any();
                    server.Pause();
                    // Shorter than a delivery's time limit: a request that was given up and is in the server's hands
                    // may be executed by it later than what was sent since, a deletion included. HTTP has no remedy.
                    await Task.Delay(random.Next(100, 1500));
                    server.Resume();
                    break;
            }
        }

        foreach (InfluxServer server in new[] { lab.A, lab.B })
        {
            if (!server.IsRunning)
                await server.RestartAsync();
        }
    }

    /// <summary>
    /// A connection ends before its request has reached the server, or behind the first bytes of the answer. Not between
    /// these two: the server would go on with a request that its sender is about to repeat.
    /// </summary>
    private async Task LoseConnectionsAsync(FaultyServer proxy)
    {
        proxy.OnAll(random.Next(2) == 0
            ? Fault.Reset
            : Fault.Cut(random.Next(1, 100), resets: random.Next(2) == 0));
        await Task.Delay(random.Next(50, 1000));
        proxy.Heal();
    }

    private InfluxServer Any() => random.Next(2) == 0 ? lab.A : lab.B;

    private static async Task ToggleAsync(InfluxServer server)
    {
        if (server.IsRunning)
            server.Kill();
        else
            await server.LaunchAsync();
    }

    private void Note(string what) => done[what] = done.GetValueOrDefault(what) + 1;
}
