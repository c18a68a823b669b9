using System.Globalization;
using System.Net.Sockets;

namespace Vrrp.Daemon.Telemetry;

/// <summary>Tells systemd how the service is (sd_notify); nothing where no systemd listens.</summary>
internal sealed class ServiceManager : IDisposable
{
    private static readonly byte[] Watchdog = "WATCHDOG=1"u8.ToArray();

    private readonly Socket? _socket;
    private readonly long _watchdogMicros;
    private long _nextAt;

    /// <summary>Connects to the socket that the environment names.</summary>
    /// <param name="address">NOTIFY_SOCKET.</param>
    /// <param name="watchdogMicros">WATCHDOG_USEC.</param>
    public ServiceManager(string? address, string? watchdogMicros)
    {
        _ = long.TryParse(watchdogMicros, NumberStyles.None, CultureInfo.InvariantCulture, out _watchdogMicros);
        if (string.IsNullOrEmpty(address))
            return;
        _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        string path = address[0] == '@' ? "\0" + address[1..] : address;
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        // The loop must never wait for systemd.
        _socket.Blocking = false;
    }

    /// <summary>The daemon is up.</summary>
    public void Ready() => Send("READY=1"u8);

    /// <summary>The daemon ends.</summary>
    public void Stopping() => Send("STOPPING=1"u8);

    /// <summary>Tells that the loop lives, three times as often as is asked for. Allocates nothing.</summary>
    /// <param name="now">The loop's time in microseconds.</param>
    public void Beat(long now)
    {
        if (_watchdogMicros <= 0 || now < _nextAt)
            return;
        _nextAt = now + _watchdogMicros / 3;
        Send(Watchdog);
    }

    public void Dispose() => _socket?.Dispose();

    // A full socket means that systemd is behind; the next beat comes soon.
    private void Send(ReadOnlySpan<byte> message) =>
        _ = _socket?.Send(message, SocketFlags.None, out _);
}
