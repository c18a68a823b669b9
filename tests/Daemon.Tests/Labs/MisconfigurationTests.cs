using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// Row S18: a peer with another password, interval or list of addresses. Neither node can know which one is right, and
/// each refuses the other's advertisements, so both are Master until it is repaired; vrrpd tells who disagrees.
/// </summary>
public sealed class MisconfigurationTests
{
    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S18_A_peer_that_disagrees_is_named(LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        foreach ((AdvertFault fault, LabChange change) in Disagreements(lab))
        {
            DateTime start = DateTime.UtcNow;
            await lab.Second.WriteConfigurationAsync(change);
            lab.Second.Signal(LabNode.Hangup);
            foreach (LabNode node in lab.Daemons)
            {
                LabNode other = lab.PeerOf(node);
                string named = $"vrrpd_adverts_refused_by_sender_total{{instance=\"VI_1\",reason=\"{fault}\","
                    + $"sender=\"{other.LocalAddress}\"}}";
                DateTime end = DateTime.UtcNow.AddSeconds(10);
                double before = (await Scrape.OfAsync(node)).GetValueOrDefault(named), after = before;
                // Once: a keepalived that is master sends nothing more, because what it refuses restarts its timer.
                while (after <= before && DateTime.UtcNow < end)
                {
                    await Lab.PauseAsync(0.1);
                    after = (await Scrape.OfAsync(node)).GetValueOrDefault(named);
                }

                lab.Check(after > before, $"n{node.Number} does not count {named}");
                await lab.UntilAsync(TimeSpan.FromSeconds(2), () => node.Log.Contains(
                    $"advertisement of {other.LocalAddress} refused ({fault})", StringComparison.Ordinal),
                    $"n{node.Number} tells");
            }

            // As documented: both are master, and the one that was right keeps what it had.
            if (fault != AdvertFault.AddressList)
            {
                await lab.UntilAsync(lab.Terms.Takeover + TimeSpan.FromSeconds(2),
                    () => lab.Second.Ownership.Has(lab.Terms.Address1), $"{fault}: n2 takes the address");
            }

            lab.Check(lab.First.Ownership.Of(lab.Terms.Address1) is [.., { To: null } kept] && kept.From < start,
                $"{fault}: n1 gave its address up");
            await lab.Second.WriteConfigurationAsync(new());
            lab.Second.Signal(LabNode.Hangup);
            await lab.UntilAsync(TimeSpan.FromSeconds(8), () => !lab.Second.Ownership.Has(lab.Terms.AddedAddress),
                $"{fault}: n2 gives up what is not configured any more");
            await lab.SettleAsync();
        }
    });

    private static IEnumerable<(AdvertFault Fault, LabChange Change)> Disagreements(Lab lab)
    {
        yield return (AdvertFault.AddressCount, new(IsAddressAdded: true));
        if (LabRows.IsFull)
        {
            yield return (AdvertFault.AddressList, new(Rewrite: text => text.Replace(
                lab.Terms.Address1, lab.Terms.AddedAddress, StringComparison.Ordinal)));
        }

        if (lab.Terms.Version == 3)
            yield break;
        yield return (AdvertFault.Password, new(Rewrite: text => text.Replace(
            "123456", "654321", StringComparison.Ordinal)));
        if (LabRows.IsFull)
            yield return (AdvertFault.AuthType, new(Rewrite: Unauthenticated));
        yield return (AdvertFault.IntervalMismatch, new(Rewrite: text => text
            .Replace("\"00:00:01\", \"GarpMasterDelay\"", "\"00:00:02\", \"GarpMasterDelay\"", StringComparison.Ordinal)
            .Replace("advert_int 1", "advert_int 2", StringComparison.Ordinal)));
    }

    private static string Unauthenticated(string text) => text
        .Replace("\"Password\": \"123456\",", "", StringComparison.Ordinal)
        .Replace("authentication {\n auth_type PASS\n auth_pass 123456\n }", "", StringComparison.Ordinal);
}
