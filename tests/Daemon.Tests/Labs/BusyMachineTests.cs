using System.Diagnostics;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>A machine whose processors are all taken.</summary>
public sealed class BusyMachineTests
{
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(10);

    [Fact]
    public Task Advertisements_each_tenth_of_a_second_are_on_time_under_full_load_with_checks_and_scrapes() =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.CreateAsync(LabMode.V3Fast, Pairing.Both);
        using FakeGateway gateway = new(lab.First.Place);
        gateway.Mood = GatewayMood.Well;
        await lab.First.StartAsync(new(Check: $"http://127.0.0.1:{gateway.Port}/health/ready",
            Rewrite: static text => text.Replace("\"00:00:00.5\"", "\"00:00:05\"", StringComparison.Ordinal)));
        await lab.Second.StartAsync();
        await lab.SettleAsync();
        Process[] burners = [.. Enumerable.Range(0, 2 * Environment.ProcessorCount)
            .Select(static _ => Shell.Start("sh", "-c", "while :; do :; done"))];
        DateTime start = DateTime.UtcNow;
        int scrapes = 0;
        try
        {
            for (; DateTime.UtcNow < start + Load; scrapes++)
            {
                foreach (LabNode node in lab.Daemons)
                    await Scrape.OfAsync(node);
            }
        }
        finally
        {
            foreach (Process burner in burners)
            {
                burner.Kill();
                burner.Dispose();
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{scrapes} scrapes of each node");
        foreach (LabNode node in lab.Daemons)
        {
            IReadOnlyList<Captured> adverts =
                lab.Capture.Adverts(node.Number * 100, node.LocalAddress, static priority => priority == 100, start);
            lab.Check(adverts.Count >= Load / lab.Terms.Interval / 2, $"n{node.Number} sent {adverts.Count}");
            lab.AtMost(adverts.Zip(adverts.Skip(1), static (one, next) => next.At - one.At).Max(), 0.25,
                $"n{node.Number}: gap between {adverts.Count} advertisements");
            lab.Check(node.Ownership.Of(lab.Own(node))[^1].From < start, $"n{node.Number} lost its address");
        }
    });
}
