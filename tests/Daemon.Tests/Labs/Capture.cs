using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Vrrp.Daemon.Linux;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>A packet of the wire.</summary>
/// <param name="At">When.</param>
/// <param name="Text">tcpdump's line.</param>
internal readonly record struct Captured(DateTime At, string Text);

/// <summary>What the client sees on the wire, by tcpdump.</summary>
internal sealed partial class Capture : IAsyncDisposable
{
    private const int Interrupt = 2;

    private readonly List<Captured> _all = [];
    private readonly Process _tcpdump;
    private readonly Task _reading;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Capture(string networkNamespace)
    {
        // Room for some seconds of a flood: with the usual buffer, packets are lost as soon as the machine is busy.
        _tcpdump = Shell.Start("ip", "netns", "exec", networkNamespace, "tcpdump", "-i", "eth0", "-l", "-U",
            "-s", "256", "-B", "16384", "--immediate-mode", "-tt", "-nn", "-e",
            "ip proto 112 or ip6 proto 112 or arp or icmp6");
        _reading = Task.WhenAll(ReadAsync(), WaitUntilReadyAsync());
    }

    /// <summary>Completed when it listens.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Advertisements of a virtual router with a priority that matches.</summary>
    public IReadOnlyList<Captured> Adverts(int id, string source, Func<int, bool> priority, DateTime since) =>
    [
        .. Since(since).Where(packet => Advert().Match(packet.Text) is { Success: true } match
            && int.Parse(match.Groups["id"].Value, CultureInfo.InvariantCulture) == id
            && match.Groups["source"].Value == source
            && priority(int.Parse(match.Groups["priority"].Value, CultureInfo.InvariantCulture))),
    ];

    /// <summary>Gratuitous ARPs or neighbour advertisements for an address from an Ethernet address.</summary>
    public IReadOnlyList<Captured> Announcements(string address, string hardware, DateTime since) =>
    [
        .. Since(since).Where(packet => packet.Text.Contains($" {hardware} > ", StringComparison.Ordinal)
            && (packet.Text.Contains($"who-has {address} (ff:ff:ff:ff:ff:ff) tell {address}", StringComparison.Ordinal)
                || packet.Text.Contains($"tgt is {address}", StringComparison.Ordinal))),
    ];

    public async ValueTask DisposeAsync()
    {
        // Interrupted, it says what it lost.
        Assert.Equal(0, Libc.Kill(_tcpdump.Id, Interrupt));
        await _reading;
        _tcpdump.Dispose();
    }

    private List<Captured> Since(DateTime since)
    {
        lock (_all)
            return [.. _all.Where(packet => packet.At >= since)];
    }

    private async Task WaitUntilReadyAsync()
    {
        while (await _tcpdump.StandardError.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("listening", StringComparison.Ordinal))
                _ready.TrySetResult();
            else if (Loss().IsMatch(line))
                TestContext.Current.TestOutputHelper?.WriteLine($"capture: {line}");
        }

        _ready.TrySetException(new InvalidOperationException("tcpdump ended"));
    }

    private async Task ReadAsync()
    {
        while (await _tcpdump.StandardOutput.ReadLineAsync() is { } line)
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || !decimal.TryParse(
                line[..space], NumberStyles.Number, CultureInfo.InvariantCulture, out decimal seconds))
                continue;
            lock (_all)
                _all.Add(new(DateTime.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)), line[space..]));
        }
    }

    [GeneratedRegex(@" (?<source>[0-9a-f.:]+) > [0-9a-f.:]+: .*vrid (?<id>\d+), prio (?<priority>\d+),")]
    private static partial Regex Advert();

    [GeneratedRegex(@"^[1-9]\d* packets dropped")]
    private static partial Regex Loss();
}
