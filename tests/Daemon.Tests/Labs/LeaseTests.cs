using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S20 and S21: what a lease does to connections, and to the machine's own addresses.</summary>
public sealed class LeaseTests
{
    [Theory]
    [InlineData(LabMode.V2)]
    [InlineData(LabMode.V3IPv6)]
    public async Task S20_Connections_do_not_notice_that_an_address_is_a_lease(LabMode mode)
    {
        const double Seconds = 10;
        await using Lab lab = await Lab.StartAsync(mode, Pairing.Both);
        using EchoServer server = new(lab.First.Place);
        // At the same time to an address that is none: what the machine itself delays, both have.
        string own = lab.Terms.IsIPv6 ? "fd00::1" : "198.51.100.1";
        Task<Echoed> control = server.EchoAsync(lab.ClientPlace, own, Seconds);
        Echoed leased = await server.EchoAsync(lab.ClientPlace, lab.Terms.Address1, Seconds);
        Echoed usual = await control;

        TestContext.Current.TestOutputHelper?.WriteLine($"leased: {leased}; control: {usual}");
        lab.Check(leased.Count > 500, $"{leased.Count} answers");
        lab.Check(leased.Retransmissions <= usual.Retransmissions, $"{leased}; control: {usual}");
        lab.AtMost(leased.Worst, usual.Worst.TotalSeconds + 0.05, "slowest answer");
    }

    [Fact]
    public async Task S21_What_an_earlier_run_left_goes_without_the_own_addresses()
    {
        const string Left = "203.0.113.9";
        await using Lab lab = await Lab.CreateAsync(LabMode.V2, Pairing.Both);
        await lab.First.Place.IpAsync($"address add {Left}/24 dev eth0");
        await lab.First.Place.IpAsync("address add 203.0.113.1/24 dev eth0");
        await lab.First.StartAsync(new(Rewrite: LabText.InRouter(1, $"\"ExcludedAddresses\": [\"{Left}/24\"]")));
        await lab.UntilAsync(TimeSpan.FromSeconds(3), () => !lab.First.Ownership.Has(Left), "what was left goes");
        Assert.Contains(
            "203.0.113.1/24", await lab.First.Place.IpAsync("address show dev eth0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task S21_When_a_lease_ends_the_own_addresses_remain(bool keepsPrefix)
    {
        // One in the node's own subnet, one in a subnet the node has nothing of yet: there it is the first address.
        const string Outside = "203.0.113.9";
        await using Lab lab = await Lab.CreateAsync(LabMode.V2, Pairing.Both);
        string more = $$"""
            "ExcludedAddresses": ["{{Outside}}/24",
              { "Address": "198.51.100.250/24", "KeepPrefix": {{(keepsPrefix ? "true" : "false")}} }]
            """;
        LabChange change = new(Rewrite: LabText.InRouter(1, more));
        await lab.First.StartAsync(change);
        await lab.Second.StartAsync(change);
        await lab.SettleAsync();
        await lab.First.Place.IpAsync("address add 203.0.113.1/24 dev eth0");
        string held = await lab.First.Place.IpAsync("address show dev eth0");
        Assert.Contains($"{Outside}/24", held, StringComparison.Ordinal);
        Assert.Contains(keepsPrefix ? "198.51.100.250/24" : "198.51.100.250/32", held, StringComparison.Ordinal);

        await lab.First.SignalAllAsync(LabNode.Kill);
        string[] addresses = [lab.Terms.Address1, Outside, "198.51.100.250"];
        await lab.UntilAsync(TimeSpan.FromSeconds(5), () => addresses.All(
            address => !lab.First.Ownership.Has(address) && lab.Second.Ownership.Has(address)), "the leases end");
        string left = await lab.First.Place.IpAsync("address show dev eth0");
        Assert.Contains("198.51.100.1/24", left, StringComparison.Ordinal);
        Assert.Contains("203.0.113.1/24", left, StringComparison.Ordinal);
        Assert.All(addresses, address => Assert.DoesNotContain($"{address}/", left, StringComparison.Ordinal));
    }
}
