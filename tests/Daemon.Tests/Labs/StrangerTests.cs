using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S14 and S16: packets of somebody who is no peer.</summary>
public sealed class StrangerTests
{
    /// <summary>Version 3, which has such intervals.</summary>
    public static TheoryData<LabMode, Pairing> Version3()
    {
        TheoryData<LabMode, Pairing> rows = [];
        foreach (TheoryDataRow<LabMode, Pairing> row in LabRows.Everywhere())
        {
            if (row.Data.Item1 != LabMode.V2)
                rows.Add(row.Data.Item1, row.Data.Item2);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S14_Refused_packets_do_not_silence_the_master(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        double seconds = LabRows.Times(usual: 6, full: 15);
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using FrameSender sender = new(lab);
        LabNode master = lab.Daemons.First();
        Forge forge = new(lab.Terms, master.Number);
        RouterConfig guess = lab.Terms.Version == 2
            ? forge.Peer with { Password = new("guess") }
            : forge.Peer with { VirtualAddresses = [forge.Stranger] };
        byte[] packet = forge.Packet(forge.Message(200, guess));
        foreach (double every in new[] { 0.5, 0.01 })
        {
            DateTime start = DateTime.UtcNow, end = start.AddSeconds(seconds);
            for (; DateTime.UtcNow < end; await Lab.PauseAsync(every))
            {
                foreach (LabNode node in new[] { lab.First, lab.Second })
                    sender.Send(sender.Frame(node, packet, lab.Terms.IsIPv6));
            }

            IReadOnlyList<Captured> adverts =
                lab.Capture.Adverts(master.Number * 100, master.LocalAddress, priority => priority == 100, start);
            lab.Check(adverts.Count >= Math.Floor(0.9 * seconds / lab.Terms.Interval.TotalSeconds),
                $"{adverts.Count} advertisements in {seconds} s");
            TimeSpan gap = adverts.Zip(adverts.Skip(1), (one, next) => next.At - one.At).Max();
            lab.AtMost(gap, lab.Terms.Interval.TotalSeconds + 0.3, $"every {every} s: gap between advertisements");
            LabNode backup = master == lab.First ? lab.Second : lab.First;
            lab.Check(backup.Ownership.Of(lab.Own(master)).All(held => held.To < start), "the backup took over");
            lab.Check(master.Ownership.Has(lab.Own(master)), "the master lost its address");
        }

        int lines = master.Log.Split('\n').Count(line => line.Contains("refused", StringComparison.Ordinal));
        Assert.InRange(lines, 1, 1 + 2 * seconds / 10 + 1);
    });

    [Theory]
    [MemberData(nameof(Version3))]
    public Task S16_One_packet_with_a_wild_interval_costs_little(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using Stranger stranger = new(lab);
        // A keepalived master that hears an interval of 0 takes it for its own, and is no peer any more.
        double[] intervals = lab.First.IsVrrpd ? [0, 40.95] : [40.95];
        foreach (double interval in intervals)
        {
            DateTime start = DateTime.UtcNow;
            stranger.Send(255, config => config with { AdvertInterval = TimeSpan.FromSeconds(interval) });
            await Lab.PauseAsync(mode == LabMode.V3Fast ? 3 : 6);
            lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), mode == LabMode.V3Fast ? 1 : 4,
                $"interval {interval}: client without an answer");
            bool isFirst = lab.First.Ownership.Has(lab.Terms.Address1);
            bool isSecond = lab.Second.Ownership.Has(lab.Terms.Address1);
            lab.Check(isFirst ^ isSecond, "one owner");
            if (lab.First.IsVrrpd)
                lab.Check(lab.First.Ownership.Of(lab.Terms.Address1)[^1].From < start, "the master gave way");
        }
    });
}
