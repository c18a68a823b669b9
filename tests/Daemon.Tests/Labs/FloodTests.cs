using System.Globalization;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S15 and S17: bad packets at full speed, and packets from nowhere and from the node itself.</summary>
public sealed class FloodTests
{
    private const int Packets = 20_000;
    private const int LongestMessage = 65_535 - 20;

    [Theory]
    [MemberData(nameof(LabRows.UsualAndIPv6), Pairing.Both, MemberType = typeof(LabRows))]
    public Task S15_A_flood_of_bad_packets_delays_no_advertisement_and_fills_neither_memory_nor_log(
        LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using FrameSender sender = new(lab);
        foreach (LabNode node in lab.Daemons)
        {
            int lines = Lines(node);
            // The flood does not come by the other node, so that a capture there has all advertisements.
            await using Capture capture = new(lab.PeerOf(node).Place.Name);
            await capture.Ready;
            // The first flood makes what is kept, such as the buffers of the sockets.
            await FloodAsync(lab, sender, node);
            long memory = await MemoryAsync(node);
            DateTime start = DateTime.UtcNow;
            (double refused, double sent) = await CountersAsync(node);
            for (int round = 0; round < 3; round++)
            {
                await FloodAsync(lab, sender, node);
                await Lab.PauseAsync(lab.Terms.Interval.TotalSeconds);
            }

            double seconds = (DateTime.UtcNow - start).TotalSeconds;
            (double refusedThen, double sentThen) = await CountersAsync(node);
            double counted = refusedThen - refused;
            lab.Check(sentThen - sent >= Math.Floor(seconds / lab.Terms.Interval.TotalSeconds) - 1,
                $"n{node.Number}: {sentThen - sent} advertisements in {seconds} s");
            IReadOnlyList<Captured> adverts =
                capture.Adverts(node.Number * 100, node.LocalAddress, priority => priority == 100, start);
            TimeSpan gap = adverts.Zip(adverts.Skip(1), (one, next) => next.At - one.At).Max();
            lab.AtMost(gap, 2.5 * lab.Terms.Interval.TotalSeconds, $"n{node.Number}: gap between advertisements");
            long grown = await MemoryAsync(node) - memory;
            Print($"n{node.Number}: refused {counted} of {3 * Packets}, {grown / 1024} KiB more memory, "
                + $"{Lines(node) - lines} lines in {seconds:0.0} s, {sentThen - sent} advertisements");
            lab.Check(counted > 0, "nothing came");
            lab.Check(grown < 2 << 20, $"{grown} bytes more memory");
            lab.Check(Lines(node) - lines <= 20, $"{Lines(node) - lines} lines in the log");
            lab.Check(node.Ownership.Of(lab.Own(node)) is [.., { To: null } last] && last.From < start,
                $"n{node.Number} lost its address");
        }
    });

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S17_Packets_from_nowhere_or_from_itself_are_ignored(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using FrameSender sender = new(lab);
        DateTime start = DateTime.UtcNow;
        foreach (LabNode node in lab.Daemons)
            await node.AdmitMartiansAsync();
        for (; DateTime.UtcNow < start + 5 * lab.Terms.Interval; await Lab.PauseAsync(0.1))
        {
            foreach (LabNode node in lab.Daemons)
            {
                foreach (string text in new[] { lab.Terms.IsIPv6 ? "::" : "0.0.0.0", node.LocalAddress })
                {
                    Address source = Address.Parse(text);
                    foreach (byte priority in new byte[] { 0, 255 })
                    {
                        Forge forge = new(lab.Terms, node.Number);
                        byte[] packet = forge.Packet(forge.Message(priority, source: source), source);
                        sender.Send(sender.Frame(node, packet, lab.Terms.IsIPv6));
                    }
                }
            }
        }

        foreach (LabNode node in lab.Daemons)
        {
            IReadOnlyDictionary<string, double> counters = await Scrape.OfAsync(node);
            Assert.True(counters[HostileRow.Refused(node.Number, AdvertFault.MartianSource)] > 0);
            Assert.True(counters[HostileRow.Refused(node.Number, AdvertFault.OwnSource)] > 0);
            lab.Check(node.Ownership.Of(lab.Own(node)) is [.., { To: null } last] && last.From < start,
                $"n{node.Number} lost its address");
        }

        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 0.4, "client without an answer");
    });

    /// <summary>
    /// Packets of many kinds and for many routers as fast as they can be sent, and some of the greatest length.
    /// </summary>
    private static async Task FloodAsync(Lab lab, FrameSender sender, LabNode node)
    {
        Forge forge = new(lab.Terms, node.Number);
        byte[] good = forge.Message(200), spoiled = forge.Message(200);
        spoiled[6] ^= 1;
        byte[][] frames =
        [
            .. new[]
            {
                forge.Packet(spoiled), forge.Packet(good, hops: 254), forge.Packet(good[..7]),
                forge.Packet(forge.Message(200, forge.Peer with { VirtualAddresses = [forge.Stranger] })),
            }.Concat(Enumerable.Range(0, 90).Select(id => forge.Packet(forge.Changed(1, (byte)id))))
                .Select(packet => sender.Frame(node, packet, lab.Terms.IsIPv6)),
        ];
        await Task.Run(() =>
        {
            for (int i = 0; i < Packets; i++)
                sender.Send(frames[i % frames.Length]);
            using Stranger stranger = new(lab);
            for (int i = 0; i < 5; i++)
                stranger.SendRaw([.. good, .. new byte[LongestMessage - good.Length]]);
        });
    }

    private static async Task<(double Refused, double Sent)> CountersAsync(LabNode node)
    {
        IReadOnlyDictionary<string, double> all = await Scrape.OfAsync(node);
        double refused = all.Where(sample =>
            sample.Key.StartsWith("vrrpd_adverts_refused_total", StringComparison.Ordinal)
            || sample.Key.StartsWith("vrrpd_adverts_unknown_total", StringComparison.Ordinal))
            .Sum(sample => sample.Value);
        return (refused, all[$"vrrpd_adverts_sent_total{{instance=\"VI_{node.Number}\"}}"]);
    }

    private static int Lines(LabNode node) => node.Log.Split('\n').Length;

    /// <summary>Bytes of memory of the node's daemon and its guardian.</summary>
    private static async Task<long> MemoryAsync(LabNode node)
    {
        long sum = 0;
        foreach (int process in await node.DaemonsAsync())
        {
            string[] lines = await File.ReadAllLinesAsync($"/proc/{process}/status");
            string resident = lines.First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            sum += 1024 * long.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture);
        }

        return sum;
    }

    private static void Print(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
