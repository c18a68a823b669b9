using System.Collections.Immutable;
using System.Globalization;

namespace Vrrp;

/// <summary>A fault of a configuration.</summary>
/// <param name="Key">The key it is about.</param>
/// <param name="Text">What is wrong, for people.</param>
public readonly record struct ConfigFault(string Key, string Text)
{
    /// <summary>Key and text.</summary>
    public override string ToString() => $"{Key}: {Text}";
}

/// <summary>
/// What has to hold for the configuration of one router. All faults are found, not the first one alone.
/// </summary>
public static class RouterConfigRules
{
    /// <summary>The faults; none for a configuration that can run.</summary>
    public static IReadOnlyList<ConfigFault> Check(RouterConfig config)
    {
        List<ConfigFault> faults = [];
        CheckIdentity(config, faults);
        CheckInterval(config, faults);
        CheckAddresses(config, faults);
        CheckPeers(config, faults);
        CheckTimes(config, faults);
        CheckTracked(config, faults);
        return faults;
    }

    private static void CheckIdentity(RouterConfig config, List<ConfigFault> faults)
    {
        if (string.IsNullOrWhiteSpace(config.Name))
            faults.Add(new(nameof(config.Name), "is missing"));
        if (!Enum.IsDefined(config.Version))
            faults.Add(new(nameof(config.Version), $"{(int)config.Version} is neither 2 nor 3"));
        if (config.VirtualRouterId == 0)
            faults.Add(new(nameof(config.VirtualRouterId), "0 is not between 1 and 255"));
        if (config.Priority == 0)
            faults.Add(new(nameof(config.Priority), "0 is not between 1 and 255"));
        if (config is { Version: VrrpVersion.V2, Family: IpFamily.IPv6 })
            faults.Add(new(nameof(config.Version), "version 2 knows IPv4 only; IPv6 needs version 3"));
        if (config is { Version: VrrpVersion.V3, Password: not null })
            faults.Add(new(nameof(config.Password), "version 3 has no passwords"));
    }

    private static void CheckInterval(RouterConfig config, List<ConfigFault> faults)
    {
        TimeSpan interval = config.AdvertInterval;
        string text = Seconds(interval);
        if (config.Version == VrrpVersion.V2)
        {
            if (interval < TimeSpan.FromSeconds(1) || interval > TimeSpan.FromSeconds(255)
                || interval.Ticks % TimeSpan.TicksPerSecond != 0)
                faults.Add(
                    new(nameof(config.AdvertInterval), $"{text} is not a whole number of seconds from 1 to 255"));
        }
        else if (interval < TimeSpan.FromMilliseconds(10) || interval > TimeSpan.FromMilliseconds(40_950)
            || interval.Ticks % (10 * TimeSpan.TicksPerMillisecond) != 0)
        {
            faults.Add(
                new(nameof(config.AdvertInterval), $"{text} is not between 0.01 s and 40.95 s in steps of 0.01 s"));
        }
    }

    private static void CheckAddresses(RouterConfig config, List<ConfigFault> faults)
    {
        const string Key = nameof(config.VirtualAddresses);
        int most = config.Family == IpFamily.IPv4 ? 255 : RouterConfig.MaxIPv6Addresses;
        if (config.VirtualAddresses.IsEmpty)
            faults.Add(new(Key, "is empty"));
        if (config.VirtualAddresses.Length > most)
            faults.Add(new(Key, $"{config.VirtualAddresses.Length} addresses do not fit, at most {most} do"));
        foreach (Address address in config.VirtualAddresses.Where(address => address.Family != config.Family))
            faults.Add(new(Key, $"{address} is not {config.Family}"));
        IEnumerable<Address> all = config.VirtualAddresses.Concat(config.ExcludedAddresses);
        foreach (Address address in all.Where(address => address.IsMartian).Distinct())
            faults.Add(new(Key, $"{address} is no address of a host"));
        foreach (Address address in all.GroupBy(address => address).Where(same => same.Count() > 1)
            .Select(same => same.Key))
            faults.Add(new(Key, $"{address} is named twice"));
    }

    private static void CheckPeers(RouterConfig config, List<ConfigFault> faults)
    {
        CheckList(nameof(config.UnicastPeers), config.UnicastPeers);
        CheckList(nameof(config.Peers), config.Peers);
        if (config.MinHopLimit != 255 && config.UnicastPeers.IsEmpty)
            faults.Add(
                new(nameof(config.MinHopLimit), $"{config.MinHopLimit} needs UnicastPeers; multicast demands 255"));
        if (!config.Peers.IsEmpty)
        {
            foreach (Address peer in config.UnicastPeers.Except(config.Peers))
                faults.Add(new(nameof(config.Peers), $"{peer} is a unicast peer that would not be listened to"));
        }

        void CheckList(string key, ImmutableArray<Address> list)
        {
            foreach (Address peer in list)
            {
                if (peer.Family != config.Family)
                    faults.Add(new(key, $"{peer} is not {config.Family}"));
                else if (peer.IsMartian)
                    faults.Add(new(key, $"{peer} is no address of a host"));
            }
        }
    }

    private static void CheckTimes(RouterConfig config, List<ConfigFault> faults)
    {
        CheckTime(nameof(config.PreemptDelay), config.PreemptDelay, 1000);
        CheckTime(nameof(config.GarpMasterDelay), config.GarpMasterDelay, 255);
        CheckTime(nameof(config.GarpMasterRefresh), config.GarpMasterRefresh, 86_400);
        CheckCount(nameof(config.GarpMasterRepeat), config.GarpMasterRepeat);
        CheckCount(nameof(config.GarpMasterRefreshRepeat), config.GarpMasterRefreshRepeat);

        void CheckTime(string key, TimeSpan time, int most)
        {
            if (time < TimeSpan.Zero || time > TimeSpan.FromSeconds(most))
                faults.Add(new(key, $"{Seconds(time)} is not between 0 s and {most} s"));
        }

        void CheckCount(string key, int count)
        {
            if (count is < 1 or > 255)
                faults.Add(new(key, $"{count} is not between 1 and 255"));
        }
    }

    private static void CheckTracked(RouterConfig config, List<ConfigFault> faults)
    {
        const string Key = nameof(config.Tracked);
        foreach (TrackedItem item in config.Tracked.Where(item => item.Weight is < -253 or > 253))
            faults.Add(new(Key, $"the weight {item.Weight} of {item.Name} is not between -253 and 253"));
        foreach (string name in config.Tracked.GroupBy(item => item.Name).Where(same => same.Count() > 1)
            .Select(same => same.Key))
            faults.Add(new(Key, $"{name} is tracked twice"));
    }

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString(CultureInfo.InvariantCulture) + " s";
}
