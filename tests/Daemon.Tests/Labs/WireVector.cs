using System.Globalization;
using Vrrp.Tests;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Frames captured from keepalived 2.2.7, and the configuration that made them.</summary>
/// <param name="Frames">Kind and bytes of each.</param>
/// <param name="Version">Of VRRP.</param>
/// <param name="Priority">The master's.</param>
/// <param name="Interval">Between advertisements, in seconds.</param>
/// <param name="Password">None: empty.</param>
/// <param name="Addresses">With prefix.</param>
internal sealed record WireVector(IReadOnlyList<(string Kind, byte[] Frame)> Frames, int Version, int Priority,
    double Interval, string Password, IReadOnlyList<string> Addresses)
{
    /// <summary>Where the vectors were captured, and the second node beside it.</summary>
    public const string Hardware = "02:00:00:00:00:01", Address = "20.26.25.115", PeerAddress = "20.26.25.116",
        AddressV6 = "fd00:26:25::115", PeerAddressV6 = "fd00:26:25::116";

    private const int EthernetHeader = 14, ArpSender = 28, ArpTarget = 38;

    public static WireVector Read(string name)
    {
        VectorFile file = VectorFile.Read(Path.Combine(RepositoryRoot.Path, "..", "shared", "vectors", $"{name}.txt"));
        string config = file.Config;
        string[] words = config.Split(' ');
        string auth = config.Split('"')[1];
        return new(
            // What the captured node's kernel asked for by itself is not keepalived's.
            [.. file.Frames.Where(frame => frame.Kind != "ARP" || IsGratuitous(frame.Frame))],
            int.Parse(After("version"), CultureInfo.InvariantCulture),
            int.Parse(After("priority"), CultureInfo.InvariantCulture),
            double.Parse(After("advert_int"), CultureInfo.InvariantCulture),
            auth.StartsWith("PASS ", StringComparison.Ordinal) ? auth[5..] : "",
            [.. config.Split('[', ']')[1].Split(',').Select(text => text.Trim(' ', '\''))]);

        string After(string word) => words[Array.IndexOf(words, word) + 1];
    }

    /// <summary>vrrpd's configuration that has to make the same frames.</summary>
    public string Vrrpd() => $$"""
        { "Instances": { "VI_1": {
          "Interface": "eth0", "VirtualRouterId": 100, "Version": {{Version}}, "Priority": {{Priority}},
          "AdvertInterval": "{{TimeSpan.FromSeconds(Interval):c}}", "GarpMasterDelay": "00:00:01",
          {{(Password.Length > 0 ? $"\"Password\": \"{Password}\"," : "")}}
          "VirtualAddresses": [{{string.Join(", ", Addresses.Select(address => $"\"{address}\""))}}] } } }
        """;

    /// <summary>Configuration of a keepalived that listens to it, and never is quicker to be master.</summary>
    public string Keepalived() => $$"""
        vrrp_instance VI_1 {
          state BACKUP
          interface eth0
          version {{Version}}
          virtual_router_id 100
          priority 1
          advert_int {{Interval.ToString(CultureInfo.InvariantCulture)}}
          {{(Password.Length > 0 ? $"authentication {{\n auth_type PASS\n auth_pass {Password}\n }}" : "")}}
          virtual_ipaddress {
            {{string.Join("\n", Addresses)}}
          }
        }
        """;

    /// <summary>
    /// A frame without what the kernel numbers as it likes: identification and checksum of an IPv4 header, flow label
    /// of an IPv6 header. Null: a frame of another kind than the vectors have.
    /// </summary>
    public static (string Kind, string Hex)? Comparable(byte[] frame)
    {
        byte[] bytes = [.. frame];
        Span<byte> packet = bytes.AsSpan(EthernetHeader);
        int type = (frame[12] << 8) | frame[13];
        if (type == 0x0806 && IsGratuitous(frame))
            return ("ARP", Convert.ToHexString(bytes));
        if (type == 0x0800 && packet[9] == AdvertPacket.Protocol)
        {
            packet[4..6].Clear();
            packet[10..12].Clear();
            return ("VRRP", Convert.ToHexString(bytes));
        }

        if (type == 0x86dd && packet[6] == AdvertPacket.Protocol)
        {
            packet[1] &= 0xf0;
            packet[2..4].Clear();
            return ("VRRP6", Convert.ToHexString(bytes));
        }

        const int IcmpV6 = 58, NeighborAdvertisement = 136;
        return type == 0x86dd && packet[6] == IcmpV6 && packet[40] == NeighborAdvertisement
            ? ("NA", Convert.ToHexString(bytes))
            : null;
    }

    private static bool IsGratuitous(byte[] frame) =>
        frame.AsSpan(ArpSender, 4).SequenceEqual(frame.AsSpan(ArpTarget, 4));
}
