using System.Collections.Immutable;

namespace Vrrp.Daemon.Configuration;

/// <summary>What has to hold for instances beyond <see cref="RouterConfigRules"/>, and their defaults.</summary>
internal static class InstanceRules
{
    /// <summary>The instances, in the order of the file.</summary>
    public static ImmutableArray<InstanceConfig> Read(DaemonOptions options, Section section)
    {
        if (options.Instances is not { Count: > 0 })
            section.Fault("", "there is no instance; name at least one");
        if (options.Instances is { Count: > ConfigurationReader.MaxEntries })
            section.Fault("", $"there are more than {ConfigurationReader.MaxEntries} instances");
        return [.. (options.Instances ?? []).Take(ConfigurationReader.MaxEntries)
            .Where(instance => instance.Value is not null)
            .Select(instance => Read(instance.Key, instance.Value, options, section[Section.Shown(instance.Key)]))];
    }

    /// <summary>What instances may not have in common.</summary>
    public static void CheckTogether(ImmutableArray<InstanceConfig> instances, Section section)
    {
        Dictionary<(string, IpFamily, byte), string> routers = [];
        Dictionary<(string, Address), string> addresses = [];
        foreach (InstanceConfig instance in instances.Where(instance => instance.Interface.Length > 0))
        {
            RouterConfig router = instance.Router;
            Section own = section[Section.Shown(instance.Name)];
            if (!routers.TryAdd((instance.Interface, router.Family, router.VirtualRouterId), instance.Name))
            {
                string other = routers[(instance.Interface, router.Family, router.VirtualRouterId)];
                own.Fault(
                    nameof(router.VirtualRouterId),
                    $"{router.VirtualRouterId} is taken by {other} on {instance.Interface} for {router.Family}; "
                    + "give one of them another number, on all machines");
            }

            foreach (VirtualAddress address in instance.Addresses)
            {
                if (!addresses.TryAdd((address.Device, address.Address), instance.Name)
                    && addresses[(address.Device, address.Address)] != instance.Name)
                    own.Fault(
                        nameof(router.VirtualAddresses),
                        $"{address.Address} on {address.Device} belongs to "
                        + $"{addresses[(address.Device, address.Address)]}; an address has one instance");
            }
        }
    }

    private static InstanceConfig Read(string name, InstanceOptions options, DaemonOptions all, Section section)
    {
        section.CheckName(name);
        string ownInterface = section.AnInterface(nameof(options.Interface), options.Interface);
        AddressRules addresses = new(ownInterface, section);
        ImmutableArray<VirtualAddress> advertised =
            addresses.Read(nameof(options.VirtualAddresses), options.VirtualAddresses);
        ImmutableArray<VirtualAddress> excluded =
            addresses.Read(nameof(options.ExcludedAddresses), options.ExcludedAddresses);
        TrackingRules tracking = new(ownInterface, all.Checks, section);
        RouterConfig router = Router(name, options, advertised, section) with
        {
            ExcludedAddresses = [.. excluded.Select(address => address.Address)],
            UnicastPeers = addresses.Hosts(nameof(options.UnicastPeers), options.UnicastPeers),
            Peers = addresses.Hosts(nameof(options.Peers), options.Peers),
            Tracked = tracking.Read(options.TrackChecks, options.TrackInterfaces),
        };
        foreach (ConfigFault fault in RouterConfigRules.Check(router))
            section.Fault(PathOf(fault.Key), fault.Text + Remedy(fault.Key, router));
        Address? source = section.AnAddress(nameof(options.SourceAddress), options.SourceAddress);
        CheckSource(source, router, section);
        WarnOfOwner(router, section);
        return new()
        {
            Router = router,
            Interface = ownInterface,
            Addresses = [.. advertised, .. excluded],
            SourceAddress = source,
            Tracked = tracking.Sources,
            PeerCheck = CheckRules.Peer(name, options.PeerCheck, section[nameof(options.PeerCheck)]),
            Notify = NotifyRules.Read(options.Notify, section[nameof(options.Notify)]),
        };
    }

    private static RouterConfig Router(
        string name, InstanceOptions options, ImmutableArray<VirtualAddress> advertised, Section section)
    {
        if (options.VirtualRouterId is null)
            section.Fault(
                nameof(options.VirtualRouterId), "is missing; give a number from 1 to 255, the same on all machines");
        if (options.VirtualAddresses is null)
            section.Fault(nameof(options.VirtualAddresses), "is missing; name at least one address");
        IpFamily family = options.Family ?? (advertised.IsEmpty ? IpFamily.IPv4 : advertised[0].Address.Family);
        int version = section.Number(
            nameof(options.Version), options.Version, 2, 3, family == IpFamily.IPv4 ? 2 : 3);
        RouterConfig byDefault = new() { Name = name, VirtualRouterId = 1, VirtualAddresses = [] };
        return byDefault with
        {
            Version = (VrrpVersion)version,
            Family = family,
            VirtualRouterId =
                (byte)section.Number(nameof(options.VirtualRouterId), options.VirtualRouterId, 1, 255, 1),
            Priority = (byte)section.Number(nameof(options.Priority), options.Priority, 1, 255, byDefault.Priority),
            AdvertInterval = options.AdvertInterval ?? byDefault.AdvertInterval,
            VirtualAddresses = [.. advertised.Select(address => address.Address)],
            Password = Password(options.Password, section),
            MinHopLimit = (byte)section.Number(nameof(options.MinHopLimit), options.MinHopLimit, 1, 255, 255),
            Preempt = options.Preempt ?? byDefault.Preempt,
            PreemptDelay = options.PreemptDelay ?? byDefault.PreemptDelay,
            GarpMasterDelay = options.GarpMasterDelay ?? byDefault.GarpMasterDelay,
            GarpMasterRepeat = options.GarpMasterRepeat ?? byDefault.GarpMasterRepeat,
            GarpMasterRefresh = options.GarpMasterRefresh ?? byDefault.GarpMasterRefresh,
            GarpMasterRefreshRepeat = options.GarpMasterRefreshRepeat ?? byDefault.GarpMasterRefreshRepeat,
            HandOver = options.HandOver ?? byDefault.HandOver,
            ChecksumWithPseudoHeader = options.ChecksumWithPseudoHeader ?? byDefault.ChecksumWithPseudoHeader,
        };
    }

    private static AdvertPassword? Password(string? text, Section section)
    {
        const string Key = nameof(InstanceOptions.Password);
        if (text is null)
            return null;
        if (text.Length == 0)
            section.Fault(Key, "is empty; leave the key out for no password");
        AdvertPassword password = new(text);
        if (password.IsTruncated)
            section.Warn(Key, $"is longer than {AdvertPassword.Length} bytes; as keepalived, vrrpd sends only those");
        return password;
    }

    private static void CheckSource(Address? source, RouterConfig router, Section section)
    {
        const string Key = nameof(InstanceOptions.SourceAddress);
        if (source is not { } address)
            return;
        if (address.Family != router.Family)
            section.Fault(Key, $"{address} is not {router.Family}, as the instance is");
        else if (address.IsMartian)
            section.Fault(Key, $"{address} is no address of a host");
        else if (router.VirtualAddresses.Contains(address) || router.ExcludedAddresses.Contains(address))
            section.Fault(Key, $"{address} is a virtual address; name one that stays on this machine");
        else if (router.UnicastPeers.Contains(address) || router.Peers.Contains(address))
            section.Fault(Key, $"{address} is among the peers; those are the other machines");
    }

    private static void WarnOfOwner(RouterConfig router, Section section)
    {
        if (router.Priority != EffectivePriority.Owner)
            return;
        if (router.Tracked.Any(item => item.Weight != 0))
            section.Warn(nameof(router.Priority), "255 owns the addresses: weights change nothing; take 254 for that");
        if (!router.Preempt)
            section.Warn(nameof(router.Preempt), "is without effect: priority 255 is Master at once");
    }

    // Tracked is made of two keys of the file.
    private static string PathOf(string key) => key switch
    {
        nameof(RouterConfig.Tracked) => nameof(InstanceOptions.TrackChecks),
        nameof(RouterConfig.Name) => "",
        _ => key,
    };

    private static string Remedy(string key, RouterConfig router) => (key, router.Version) switch
    {
        (nameof(router.AdvertInterval), VrrpVersion.V2) => "; Version 3 knows shorter ones",
        (nameof(router.Password), _) => "; leave it out, and list Peers",
        (nameof(router.Peers), _) => "; add it",
        (nameof(router.VirtualAddresses), _) => "; an instance has addresses of one family, each of them once",
        _ => "",
    };
}
