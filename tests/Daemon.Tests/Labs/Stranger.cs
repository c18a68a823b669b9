using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Somebody on the client's machine who sends advertisements for the first virtual router.</summary>
internal sealed class Stranger : IDisposable
{
    private readonly VrrpSocket _socket;
    private readonly RouterConfig _config;
    private readonly Address _source;

    /// <summary>Opens its socket.</summary>
    public Stranger(Lab lab)
    {
        string link = lab.ClientPlace.IpAsync("-o link show dev eth0").GetAwaiter().GetResult();
        int index = int.Parse(link.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        IpFamily family = lab.Terms.IsIPv6 ? IpFamily.IPv6 : IpFamily.IPv4;
        _socket = lab.ClientPlace.Within(() => new VrrpSocket(family, index, isMulticast: false));
        _source = Address.Parse(lab.Terms.IsIPv6 ? "fd00::3" : "198.51.100.3");
        _config = new()
        {
            Name = "stranger",
            Version = lab.Terms.Version == 2 ? VrrpVersion.V2 : VrrpVersion.V3,
            Family = family,
            VirtualRouterId = 100,
            AdvertInterval = lab.Terms.Interval,
            VirtualAddresses = [Address.Parse(lab.Terms.Address1)],
        };
    }

    /// <summary>Sends one advertisement.</summary>
    public void Send(byte priority, Func<RouterConfig, RouterConfig> change)
    {
        byte[] message = new byte[AdvertCodec.MaxLength];
        Address group = AdvertCodec.MulticastGroup(_config.Family);
        int length = AdvertCodec.Encode(message, change(_config), priority, _source, group);
        SendRaw(message.AsSpan(0, length));
    }

    /// <summary>Sends any message, in fragments if it is long.</summary>
    public void SendRaw(ReadOnlySpan<byte> message)
    {
        int errno = _socket.Send(message, _source, AdvertCodec.MulticastGroup(_config.Family));
        if (errno != 0)
            throw new InvalidOperationException(LinuxException.Text(errno));
    }

    public void Dispose() => _socket.Dispose();
}
