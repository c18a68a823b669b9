using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S14 and S16: packets of somebody who is no peer.</summary>
public sealed class StrangerTests
{
    [Theory]
    [InlineData(Pairing.VrrpdFirst, 0.5)]
    [InlineData(Pairing.VrrpdFirst, 0.01)]
    [InlineData(Pairing.Both, 0.01)]
    public async Task S14_Refused_packets_do_not_silence_the_master(Pairing pairing, double every)
    {
        const double Seconds = 8;
        await using Lab lab = await Lab.StartAsync(LabMode.V2, pairing);
        using Stranger stranger = new(lab);
        DateTime start = DateTime.UtcNow, end = start.AddSeconds(Seconds);
        while (DateTime.UtcNow < end)
        {
            stranger.Send(200, config => config with { Password = new("guess") });
            await Lab.PauseAsync(every);
        }

        IReadOnlyList<Captured> adverts =
            lab.Capture.Adverts(100, lab.First.LocalAddress, priority => priority == 100, start);
        lab.Check(adverts.Count >= Seconds - 1, $"{adverts.Count} advertisements in {Seconds} s");
        TimeSpan gap = adverts.Zip(adverts.Skip(1), (one, next) => next.At - one.At).Max();
        lab.AtMost(gap, 1.3, "gap between advertisements");
        lab.Check(lab.Second.Ownership.Of(lab.Terms.Address1).All(held => held.To < start), "the backup took over");
        lab.Check(lab.First.Ownership.Has(lab.Terms.Address1), "the master lost its address");
        int lines = lab.First.Log.Split('\n').Count(line => line.Contains("refused", StringComparison.Ordinal));
        Assert.InRange(lines, 1, 3);
    }

    [Theory]
    [InlineData(LabMode.V3Fast, Pairing.VrrpdFirst, 0)]
    [InlineData(LabMode.V3Fast, Pairing.VrrpdFirst, 40.95)]
    [InlineData(LabMode.V3Fast, Pairing.KeepalivedFirst, 40.95)]
    [InlineData(LabMode.V3Fast, Pairing.Both, 0)]
    [InlineData(LabMode.V3Fast, Pairing.Both, 40.95)]
    [InlineData(LabMode.V3IPv6, Pairing.VrrpdFirst, 40.95)]
    [InlineData(LabMode.V3IPv6, Pairing.Both, 0)]
    public async Task S16_One_packet_with_a_wild_interval_costs_little(LabMode mode, Pairing pairing, double interval)
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using Stranger stranger = new(lab);
        DateTime start = DateTime.UtcNow;
        stranger.Send(255, config => config with { AdvertInterval = TimeSpan.FromSeconds(interval) });
        await Lab.PauseAsync(6);
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 4, "client without an answer");
        bool isFirst = lab.First.Ownership.Has(lab.Terms.Address1);
        bool isSecond = lab.Second.Ownership.Has(lab.Terms.Address1);
        lab.Check(isFirst ^ isSecond, "one owner");
        if (lab.First.IsVrrpd)
            lab.Check(lab.First.Ownership.Of(lab.Terms.Address1)[^1].From < start, "the master gave way");
    }
}
