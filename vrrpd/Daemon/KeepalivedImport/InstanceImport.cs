using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns one vrrp_instance into an instance.</summary>
internal sealed class InstanceImport(
    GlobalDefaults defaults, CommandImport commands, TrackingImport tracking, ImportNotes notes)
{
    private readonly InstanceOptions _options = new();
    private readonly KeepalivedNumbers _numbers = new(notes);
    private readonly AddressImport _addresses = new(notes);
    private readonly NotifyImport _notify = new(defaults, commands, notes);
    private readonly AuthenticationImport _authentication = new(notes);
    private KeepalivedNode? _state;
    private KeepalivedNode? _noPreempt;
    private KeepalivedNode? _preemptDelay;
    private KeepalivedNode? _interval;
    private bool _hasPriority;

    /// <summary>The instance.</summary>
    public InstanceOptions Read(KeepalivedNode block)
    {
        notes.Kept(block, $"Instances:{block.Value}");
        // Others depend on it, wherever it stands.
        _options.Interface =
            block.Children.LastOrDefault(node => node is { Keyword: "interface", Words.Count: > 0 })?.Value
            ?? defaults.Interface;
        foreach (KeepalivedNode node in block.Children)
        {
            if (!ReadIdentity(node) && !ReadAnnouncement(node) && !ReadBlock(node) && !_notify.Read(node))
                notes.NotKept(node, NoCounterpart.Reason(node.Keyword));
        }

        _options.Notify = _notify.Options;
        _options.GarpMasterDelay ??= defaults.GarpMasterDelay;
        _options.GarpMasterRepeat ??= defaults.GarpMasterRepeat;
        _options.GarpMasterRefresh ??= defaults.GarpMasterRefresh;
        _options.GarpMasterRefreshRepeat ??= defaults.GarpMasterRefreshRepeat;
        SettleFamily(block);
        SettleState();
        SettleInterval();
        _options.Password = _authentication.Password(IsVersion2);
        return _options;
    }

    private bool ReadIdentity(KeepalivedNode node)
    {
        switch (node.Keyword)
        {
            case "interface" when node.Words.Count > 0:
                notes.Kept(node, $"Interface {_options.Interface}");
                return true;
            case "state":
                _state = node;
                return true;
            case "virtual_router_id":
                _options.VirtualRouterId = _numbers.Whole(node, "VirtualRouterId", 1, 255);
                return true;
            case "priority":
                _options.Priority = _numbers.Whole(node, "Priority", 1, 255);
                // One that keepalived refuses is 100 to it, whatever the state.
                _hasPriority = true;
                return true;
            case "version":
                _options.Version = _numbers.Whole(node, "Version", 2, 3);
                return true;
            case "native_ipv6":
                notes.Kept(node, "the family is that of the first address");
                return true;
            case "advert_int":
                _interval = node;
                return true;
            case "nopreempt":
                _noPreempt = node;
                return true;
            case "preempt":
                notes.Kept(node, "Preempt true, the default");
                return true;
            case "preempt_delay":
                _preemptDelay = node;
                return true;
            case "unicast_src_ip" or "mcast_src_ip" when node.Words.Count > 0:
                _options.SourceAddress = node.Value;
                notes.Kept(node, $"SourceAddress {Section.Shown(node.Value)}");
                return true;
            default:
                return false;
        }
    }

    private bool ReadAnnouncement(KeepalivedNode node)
    {
        TimeSpan second = TimeSpan.FromSeconds(1);
        switch (node.Keyword)
        {
            case "garp_master_delay":
                _options.GarpMasterDelay = _numbers.Seconds(
                    node, "GarpMasterDelay", TimeSpan.Zero, TimeSpan.FromSeconds(255), second);
                return true;
            case "garp_master_repeat":
                _options.GarpMasterRepeat = _numbers.Count(node, "GarpMasterRepeat", 255);
                return true;
            case "garp_master_refresh":
                _options.GarpMasterRefresh = _numbers.Seconds(
                    node, "GarpMasterRefresh", TimeSpan.Zero, TimeSpan.FromDays(1), second);
                return true;
            case "garp_master_refresh_repeat":
                _options.GarpMasterRefreshRepeat = _numbers.Count(node, "GarpMasterRefreshRepeat", 255);
                return true;
            default:
                return false;
        }
    }

    private bool ReadBlock(KeepalivedNode node)
    {
        switch (node.Keyword)
        {
            case "virtual_ipaddress":
                notes.Kept(node, "VirtualAddresses");
                _options.VirtualAddresses = _addresses.Virtual(node, _options.VirtualAddresses, _options.Interface);
                return true;
            case "virtual_ipaddress_excluded":
                notes.Kept(node, "ExcludedAddresses");
                _options.ExcludedAddresses = _addresses.Virtual(node, _options.ExcludedAddresses, _options.Interface);
                return true;
            case "unicast_peer":
                notes.Kept(node, "UnicastPeers");
                foreach (KeepalivedNode peer in node.Children)
                    ReadPeer(peer);
                return true;
            case "authentication":
                _authentication.Read(node);
                return true;
            case "track_script":
                notes.Kept(node, "TrackChecks");
                tracking.Scripts(node, _options);
                return true;
            case "track_interface":
                notes.Kept(node, "TrackInterfaces");
                tracking.Interfaces(node, _options);
                return true;
            default:
                return false;
        }
    }

    private void ReadPeer(KeepalivedNode node)
    {
        _options.UnicastPeers ??= [];
        if (!Address.TryParse(node.Keyword, out _) || _options.UnicastPeers.Contains(node.Keyword))
        {
            notes.NotKept(node, "is no address, or is there already");
            return;
        }

        _options.UnicastPeers.Add(node.Keyword);
        int at = node.Words.ToList().IndexOf("min_ttl");
        if (at >= 0 && KeepalivedNumbers.TryWhole(node.Words.ElementAtOrDefault(at + 1) ?? "", out int least)
            && least is >= 1 and <= 255)
        {
            _options.MinHopLimit = Math.Min(_options.MinHopLimit ?? 255, least);
            notes.Changed(node, $"MinHopLimit {_options.MinHopLimit} holds for all peers; there is no greatest one");
        }
        else
        {
            notes.Changed(node, "packets that come through a router are refused, unless MinHopLimit says otherwise");
        }
    }

    /// <summary>The family is that of the first address; keepalived ignores addresses of the other.</summary>
    private void SettleFamily(KeepalivedNode block)
    {
        _options.Version ??= defaults.Version;
        if (_options.VirtualAddresses is not { Count: > 0 } addresses)
            return;
        IpFamily family = AddressImport.FamilyOf(addresses[0].Address!);
        foreach (VirtualAddressOptions other in addresses.Where(IsOther))
            notes.NotKept(
                block, $"{other.Address} is not {family}, as the instance is; take ExcludedAddresses, or an instance "
                + "of its own");
        addresses.RemoveAll(IsOther);
        if (family == IpFamily.IPv6 && _options.Version == 2)
        {
            _options.Version = 3;
            notes.Changed(block, "is Version 3: version 2 with IPv6 is keepalived's own; a keepalived on the other "
                + "machine needs version 3 too");
        }

        bool IsOther(VirtualAddressOptions other) => AddressImport.FamilyOf(other.Address!) != family;
    }

    private void SettleState()
    {
        bool isMaster = _state?.Value == "MASTER";
        if (isMaster && !_hasPriority)
        {
            _options.Priority = 255;
            notes.Changed(_state!, "without a priority it means 255 to keepalived, the addresses' owner; so here");
        }
        else if (_state is not null)
        {
            notes.NotKept(_state, "is without effect in keepalived 2 too: it starts as backup, and priorities decide");
        }

        const string Cleared = "keepalived ignores it with state MASTER; left out";
        if (_noPreempt is not null && isMaster)
            notes.NotKept(_noPreempt, Cleared);
        else if (_noPreempt is not null)
            notes.Kept(_noPreempt, $"Preempt {_options.Preempt = false}");
        if (_preemptDelay is not null && (isMaster || _options.Preempt == false))
            notes.NotKept(_preemptDelay, isMaster ? Cleared : "nothing is preempted with nopreempt; left out");
        else if (_preemptDelay is not null)
            _options.PreemptDelay = _numbers.Seconds(
                _preemptDelay, "PreemptDelay", TimeSpan.Zero, TimeSpan.FromSeconds(1000), TimeSpan.FromMilliseconds(1));
    }

    // The version may stand behind the interval.
    private void SettleInterval()
    {
        if (_interval is null)
            return;
        _options.AdvertInterval = IsVersion2
            ? _numbers.Seconds(
                _interval, "AdvertInterval", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(255),
                TimeSpan.FromSeconds(1))
            : _numbers.Seconds(
                _interval, "AdvertInterval", TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(40_950),
                TimeSpan.FromMilliseconds(10));
    }

    private bool IsVersion2 => (_options.Version ?? 2) == 2 && !(_options.VirtualAddresses is { Count: > 0 } all
        && AddressImport.FamilyOf(all[0].Address!) == IpFamily.IPv6);
}
