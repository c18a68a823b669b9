using System.Collections.Immutable;
using Xunit;

namespace Vrrp.Tests;

public sealed class RouterConfigTests
{
    private static readonly Address V4 = Address.Parse("198.51.100.1");
    private static readonly Address V6 = Address.Parse("fd00::1");

    public static TheoryData<string, RouterConfig> Wrong => new()
    {
        { "Name: is missing", Rig.V2 with { Name = " " } },
        { "Version: 4 is neither 2 nor 3", Rig.V3 with { Version = (VrrpVersion)4 } },
        { "VirtualRouterId: 0 is not between 1 and 255", Rig.V2 with { VirtualRouterId = 0 } },
        { "Priority: 0 is not between 1 and 255", Rig.V2 with { Priority = 0 } },
        { "Version: version 2 knows IPv4 only; IPv6 needs version 3", Packet.V6 with { Version = VrrpVersion.V2 } },
        { "Password: version 3 has no passwords", Rig.V3 with { Password = new("x") } },
        { "AdvertInterval: 0.5 s is not a whole number of seconds from 1 to 255", Interval(Rig.V2, 0.5) },
        { "AdvertInterval: 256 s is not a whole number of seconds from 1 to 255", Interval(Rig.V2, 256) },
        { "AdvertInterval: 0.005 s is not between 0.01 s and 40.95 s in steps of 0.01 s", Interval(Rig.V3, 0.005) },
        { "AdvertInterval: 41 s is not between 0.01 s and 40.95 s in steps of 0.01 s", Interval(Rig.V3, 41) },
        { "AdvertInterval: 0.015 s is not between 0.01 s and 40.95 s in steps of 0.01 s", Interval(Rig.V3, 0.015) },
        { "VirtualAddresses: is empty", Rig.V2 with { VirtualAddresses = [] } },
        { "VirtualAddresses: 91 addresses do not fit, at most 90 do",
            Packet.V6 with { VirtualAddresses = Many("fd00::", 91) } },
        { "VirtualAddresses: 256 addresses do not fit, at most 255 do",
            Rig.V2 with { VirtualAddresses = Many("10.0.0.0", 256) } },
        { "VirtualAddresses: fd00::1 is not IPv4", Rig.V2 with { VirtualAddresses = [V4, V6] } },
        { "VirtualAddresses: 127.0.0.1 is no address of a host",
            Rig.V2 with { VirtualAddresses = [Address.Parse("127.0.0.1")] } },
        { "VirtualAddresses: 198.51.100.1 is named twice",
            Rig.V2 with { VirtualAddresses = [V4], ExcludedAddresses = [V4] } },
        { "UnicastPeers: fd00::1 is not IPv4", Rig.V2 with { UnicastPeers = [V6] } },
        { "Peers: 224.0.0.18 is no address of a host", Rig.V2 with { Peers = [Address.Parse("224.0.0.18")] } },
        { "Peers: 198.51.100.1 is a unicast peer that would not be listened to",
            Rig.V2 with { UnicastPeers = [V4], Peers = [Rig.Lower] } },
        { "MinHopLimit: 254 needs UnicastPeers; multicast demands 255", Rig.V2 with { MinHopLimit = 254 } },
        { "PreemptDelay: 1001 s is not between 0 s and 1000 s",
            Rig.V2 with { PreemptDelay = TimeSpan.FromSeconds(1001) } },
        { "GarpMasterDelay: -1 s is not between 0 s and 255 s",
            Rig.V2 with { GarpMasterDelay = TimeSpan.FromSeconds(-1) } },
        { "GarpMasterRefresh: 86401 s is not between 0 s and 86400 s",
            Rig.V2 with { GarpMasterRefresh = TimeSpan.FromSeconds(86401) } },
        { "GarpMasterRepeat: 0 is not between 1 and 255", Rig.V2 with { GarpMasterRepeat = 0 } },
        { "GarpMasterRefreshRepeat: 256 is not between 1 and 255", Rig.V2 with { GarpMasterRefreshRepeat = 256 } },
        { "Tracked: the weight 254 of x is not between -253 and 253", Rig.V2 with { Tracked = [new("x", 254)] } },
        { "Tracked: x is tracked twice", Rig.V2 with { Tracked = [new("x", 1), new("x", 2)] } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_fault_is_named_with_its_key(string expected, RouterConfig config) =>
        Assert.Equal([expected], RouterConfigRules.Check(config).Select(fault => fault.ToString()));

    [Fact]
    public void What_can_run_has_no_fault()
    {
        RouterConfig[] good =
        [
            Packet.V2, Packet.V3, Packet.V6, Interval(Rig.V2, 255), Interval(Rig.V3, 40.95), Interval(Rig.V3, 0.01),
            Rig.V2 with { Priority = 255, UnicastPeers = [V4], MinHopLimit = 1 },
            Rig.V2 with { ExcludedAddresses = [V6] }, .. Vector.All.Select(vector => vector.Config),
        ];
        Assert.All(good, config => Assert.Empty(RouterConfigRules.Check(config)));
    }

    [Fact]
    public void All_faults_are_found_at_once() =>
        Assert.Equal(3, RouterConfigRules.Check(Rig.V2 with { Name = "", Priority = 0, VirtualAddresses = [] }).Count);

    [Fact]
    public void Defaults_are_keepalived_s()
    {
        RouterConfig config = new() { Name = "x", VirtualRouterId = 1, VirtualAddresses = [V4] };
        Assert.Equal(
            (VrrpVersion.V2, 100, 1.0, true, 5.0, 5, HandOver.Immediate),
            (config.Version, config.Priority, config.AdvertInterval.TotalSeconds, config.Preempt,
                config.GarpMasterDelay.TotalSeconds, config.GarpMasterRepeat, config.HandOver));
    }

    private static RouterConfig Interval(RouterConfig config, double seconds) =>
        config with { AdvertInterval = TimeSpan.FromSeconds(seconds) };

    private static ImmutableArray<Address> Many(string first, int count)
    {
        byte[] bytes = new byte[16];
        Address address = Address.Parse(first);
        address.Write(bytes);
        Address[] many = new Address[count];
        for (int i = 0; i < count; i++)
        {
            bytes[address.Length - 1] = (byte)(i + 1);
            bytes[address.Length - 2] = (byte)((i + 1) >> 8);
            many[i] = Address.Read(bytes.AsSpan(0, address.Length));
        }

        return [.. many];
    }
}
