using System.Globalization;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Which daemon runs where.</summary>
public enum Pairing
{
    /// <summary>vrrpd on the first node, keepalived on the second.</summary>
    VrrpdFirst,

    /// <summary>keepalived on the first node, vrrpd on the second.</summary>
    KeepalivedFirst,

    /// <summary>vrrpd on both.</summary>
    Both,
}

/// <summary>How the routers of a lab speak.</summary>
public enum LabMode
{
    /// <summary>Version 2 with a password, 1 s.</summary>
    V2,

    /// <summary>Version 3 over IPv4, 0.1 s.</summary>
    V3Fast,

    /// <summary>Version 3 over IPv6, 1 s.</summary>
    V3IPv6,
}

/// <summary>What a mode means in numbers and addresses.</summary>
internal sealed record LabTerms(LabMode Mode)
{
    public bool IsIPv6 => Mode == LabMode.V3IPv6;

    public int Version => Mode == LabMode.V2 ? 2 : 3;

    public TimeSpan Interval => TimeSpan.FromSeconds(Mode == LabMode.V3Fast ? 0.1 : 1);

    public string Address1 => IsIPv6 ? "fd00::240" : "198.51.100.240";

    public string Address2 => IsIPv6 ? "fd00::241" : "198.51.100.241";

    public string Prefix => IsIPv6 ? "64" : "24";

    /// <summary>Longest time until a backup takes over, and what a busy machine adds.</summary>
    public TimeSpan Takeover => Mode == LabMode.V3Fast ? TimeSpan.FromSeconds(0.6) : TimeSpan.FromSeconds(3.9);

    /// <summary>Priority of a node for a virtual router: the first node leads in the first, the second in the second.
    /// </summary>
    public static int Priority(int node, int router) => node == router ? 100 : 99;

    /// <summary>vrrpd's configuration.</summary>
    public string Vrrpd(int node, LabChange change)
    {
        string seconds = Interval.ToString("c", CultureInfo.InvariantCulture);
        string instances = string.Join(", ", new[] { 1, 2 }.Select(router => $$"""
            "VI_{{router}}": {
              "Interface": "eth0", "VirtualRouterId": {{router * 100}}, "Version": {{Version}},
              "Priority": {{(router == 1 ? change.Priority : null) ?? Priority(node, router)}},
              "AdvertInterval": "{{seconds}}", "GarpMasterDelay": "00:00:01",
              {{(Version == 2 ? "\"Password\": \"123456\"," : "")}}
              "VirtualAddresses": [{{string.Join(", ", Addresses(router, change).Select(at => $"\"{at}/{Prefix}\""))}}]
              {{(change.Check is { } url && router == 1 ? $", \"TrackChecks\": [\"gateway\"]" : "")}}
            }
            """));
        string checks = change.Check is null ? "" : $$"""
            , "Checks": { "gateway": { "Url": "{{change.Check}}", "Interval": "00:00:00.2", "Timeout": "00:00:00.5",
              "Fall": 2, "Weight": -2 } }
            """;
        return $$"""{ "Instances": { {{instances}} }{{checks}} }""";
    }

    /// <summary>keepalived's configuration.</summary>
    public string Keepalived(int node, LabChange change)
    {
        string interval = Interval.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        string check = change.Check is null ? "" : $$"""
            vrrp_script gateway {
              script "/usr/bin/curl -fsS -m 1 -o /dev/null {{change.Check}}"
              interval 1
              weight -2
            }

            """;
        return check + string.Join("\n", new[] { 1, 2 }.Select(router => $$"""
            vrrp_instance VI_{{router}} {
              state BACKUP
              interface eth0
              version {{Version}}
              virtual_router_id {{router * 100}}
              priority {{(router == 1 ? change.Priority : null) ?? Priority(node, router)}}
              advert_int {{interval}}
              garp_master_delay 1
              {{(Version == 2 ? "authentication {\n auth_type PASS\n auth_pass 123456\n }" : "")}}
              virtual_ipaddress {
                {{string.Join("\n", Addresses(router, change).Select(at => $"{at}/{Prefix}"))}}
              }
              {{(change.Check is not null && router == 1 ? "track_script {\n gateway\n }" : "")}}
            }
            """));
    }

    private IEnumerable<string> Addresses(int router, LabChange change)
    {
        yield return router == 1 ? Address1 : Address2;
        if (router == 1 && change.IsAddressAdded)
            yield return AddedAddress;
    }

    public string AddedAddress => IsIPv6 ? "fd00::242" : "198.51.100.242";
}

/// <summary>What differs from the usual configuration.</summary>
/// <param name="Priority">Another priority in the first router.</param>
/// <param name="IsAddressAdded">Whether the first router has a second address.</param>
/// <param name="Check">URL of the check of the first router, weight -2; null: there is none.</param>
/// <param name="Rewrite">What becomes of the text of the file.</param>
internal sealed record LabChange(int? Priority = null, bool IsAddressAdded = false, string? Check = null,
    Func<string, string>? Rewrite = null);
