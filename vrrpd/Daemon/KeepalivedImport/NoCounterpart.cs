namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Why keywords of keepalived have no counterpart in vrrpd.</summary>
internal static class NoCounterpart
{
    private const string Mail = "vrrpd sends no mail; alert on its metrics";
    private const string Doubt = "vrrpd announces the addresses on every doubt by itself, at most ten times a second";
    private const string Unit = "is set by the systemd unit";
    private const string Hooks = "vrrpd runs commands instead (Notify)";
    private const string Macvlan = "vrrpd puts addresses on the interface itself, with its hardware address";
    private const string OtherTracking = "vrrpd tracks checks and interfaces; take a check of Kind Exec";
    private const string Routes = "vrrpd moves addresses only; take Notify for routes and rules";
    private const string Balancing = "vrrpd is no load balancer";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["router_id"] = "a name for mails; vrrpd's metrics have the machine's",
        ["notification_email"] = Mail,
        ["notification_email_from"] = Mail,
        ["smtp_server"] = Mail,
        ["smtp_connect_timeout"] = Mail,
        ["smtp_helo_name"] = Mail,
        ["smtp_alert"] = Mail,
        ["enable_script_security"] = "vrrpd needs no root: give it and its commands users of their own",
        ["vrrp_strict"] = "vrrpd allows what keepalived allows without it",
        ["strict_mode"] = "vrrpd allows what keepalived allows without it",
        ["vrrp_skip_check_adv_addr"] = "vrrpd always compares the addresses, which costs nothing",
        ["skip_check_adv_addr"] = "vrrpd always compares the addresses, which costs nothing",
        ["vrrp_mcast_group4"] = "vrrpd uses 224.0.0.18 alone, and a peer with another group does not hear it",
        ["vrrp_mcast_group6"] = "vrrpd uses ff02::12 alone, and a peer with another group does not hear it",
        ["vrrp_garp_lower_prio_delay"] = Doubt,
        ["vrrp_garp_lower_prio_repeat"] = Doubt,
        ["garp_lower_prio_delay"] = Doubt,
        ["garp_lower_prio_repeat"] = Doubt,
        ["vrrp_garp_interval"] = Doubt,
        ["vrrp_gna_interval"] = Doubt,
        ["garp_interval"] = Doubt,
        ["gna_interval"] = Doubt,
        ["vrrp_higher_prio_send_advert"] = "vrrpd always does so, because it heals a divided network",
        ["higher_prio_send_advert"] = "vrrpd always does so, because it heals a divided network",
        ["vrrp_lower_prio_no_advert"] = "vrrpd always answers a lower master, as RFC 9568 says",
        ["lower_prio_no_advert"] = "vrrpd always answers a lower master, as RFC 9568 says",
        ["vrrp_priority"] = Unit,
        ["vrrp_rt_priority"] = Unit,
        ["vrrp_rlimit_rttime"] = Unit,
        ["vrrp_no_swap"] = Unit,
        ["vrrp_cpu_affinity"] = Unit,
        ["process_names"] = Unit,
        ["vrrp_notify_fifo"] = Hooks,
        ["notify_fifo"] = Hooks,
        ["notify_fifo_script"] = Hooks,
        ["vrrp_notify_fifo_script"] = Hooks,
        ["notify_deleted"] = "an instance taken out ends with Stop",
        ["notify_master_rx_lower_pri"] = "vrrpd counts and logs that as an alert",
        ["notify_priority_changes"] = "vrrpd shows the priority in its metrics",
        ["use_vmac"] = Macvlan,
        ["use_vmac_addr"] = Macvlan,
        ["use_ipvlan"] = Macvlan,
        ["vmac_xmit_base"] = Macvlan,
        ["accept"] = "vrrpd's addresses always accept packets",
        ["no_accept"] = "vrrpd's addresses always accept packets; take a firewall for that",
        ["dont_track_primary"] = "vrrpd always tracks the instance's interface",
        ["track_src_ip"] = "vrrpd always needs an address to send from",
        ["linkbeat_use_polling"] = "vrrpd hears of carrier from the kernel",
        ["linkbeat_interfaces"] = "vrrpd hears of carrier from the kernel",
        ["lvs_sync_daemon_interface"] = Balancing,
        ["lvs_sync_daemon"] = Balancing,
        ["virtual_server"] = Balancing,
        ["virtual_server_group"] = Balancing,
        ["virtual_routes"] = Routes,
        ["virtual_rules"] = Routes,
        ["static_routes"] = Routes,
        ["static_rules"] = Routes,
        ["static_ipaddress"] = "addresses that stay are the system's",
        ["promote_secondaries"] = "vrrpd sets that where an address has a prefix",
        ["vrrp_track_process"] = OtherTracking,
        ["track_process"] = OtherTracking,
        ["vrrp_track_file"] = OtherTracking,
        ["track_file"] = OtherTracking,
        ["track_bfd"] = OtherTracking,
        ["bfd_instance"] = OtherTracking,
        ["unicast_ttl"] = "vrrpd sends with 255, so that receivers can tell what is near",
        ["check_unicast_src"] = "vrrpd always listens to the unicast peers alone",
        ["vrrp_check_unicast_src"] = "vrrpd always listens to the unicast peers alone",
        ["down_timer_adverts"] = "vrrpd waits three intervals and the skew, as the RFC says",
        ["v3_checksum_as_v2"] = "vrrpd understands both; ChecksumWithPseudoHeader says which it sends",
        ["debug"] = "Log:Level says how much is logged",
        ["log_unknown_vrids"] = "vrrpd counts packets of other virtual routers by itself",
        ["sync_group_tracking_weight"] = "the members of a group keep their own weights",
        ["global_tracking"] = "the members of a group keep their own weights",
    };

    /// <summary>The reason, for people.</summary>
    public static string Reason(string keyword) =>
        Reasons.TryGetValue(keyword, out string? reason) ? reason : "vrrpd has no counterpart";
}
