using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Vrrp.Daemon.Linux;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>A machine of the lab, with its daemon.</summary>
internal sealed partial class LabNode : IAsyncDisposable
{
    public const int Hangup = 1, Kill = 9, Terminate = 15, Continue = 18, Stop = 19;

    private readonly string _folder;
    private readonly List<string> _log = [];
    private readonly List<Process> _started = [];
    private readonly Socket _answering;
    private readonly LabTerms _terms;
    private Process? _main;

    private LabNode(
        NetworkNamespace place, int number, bool isVrrpd, LabTerms terms, string folder, string hardware, string local)
    {
        (Place, Number, IsVrrpd, _terms, _folder) = (place, number, isVrrpd, terms, folder);
        (Hardware, LocalAddress) = (hardware, local);
        Ownership = new(place.Name);
        _answering = Client.Answer(place, number);
    }

    public NetworkNamespace Place { get; }

    public int Number { get; }

    public bool IsVrrpd { get; }

    /// <summary>Ethernet address of its interface.</summary>
    public string Hardware { get; }

    /// <summary>Where its advertisements come from.</summary>
    public string LocalAddress { get; }

    public Ownership Ownership { get; }

    /// <summary>Everything its daemons printed.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log);
        }
    }

    public static async Task<LabNode> CreateAsync(
        NetworkNamespace place, int number, bool isVrrpd, LabTerms terms, string folder)
    {
        string link = await place.IpAsync("address show dev eth0");
        string hardware = Ether().Match(link).Groups[1].Value;
        string local = terms.IsIPv6 ? LinkLocal().Match(link).Groups[1].Value : $"198.51.100.{number}";
        string own = Directory.CreateDirectory(Path.Combine(folder, $"n{number}")).FullName;
        return new(place, number, isVrrpd, terms, own, hardware, local);
    }

    /// <summary>Starts its daemon.</summary>
    public async Task StartAsync(LabChange? change = null)
    {
        await WriteConfigurationAsync(change ?? new());
        string[] command = IsVrrpd
            ? [await VrrpdBinary.PathAsync(), "--config", Path.Combine(_folder, "vrrpd.json")]
            :
            [
                "keepalived", "-n", "-l", "-D", "-f", Path.Combine(_folder, "keepalived.conf"),
                "-p", Path.Combine(_folder, "k.pid"), "-r", Path.Combine(_folder, "v.pid"),
            ];
        _main = Shell.Start("ip", ["netns", "exec", Place.Name, .. command]);
        _started.Add(_main);
        _ = ReadAsync(_main.StandardOutput);
        _ = ReadAsync(_main.StandardError);
    }

    /// <summary>Writes another configuration; it is read on SIGHUP.</summary>
    public Task WriteConfigurationAsync(LabChange change)
    {
        string text = IsVrrpd ? _terms.Vrrpd(Number, change) : _terms.Keepalived(Number, change);
        string file = Path.Combine(_folder, IsVrrpd ? "vrrpd.json" : "keepalived.conf");
        return File.WriteAllTextAsync(file, change.Rewrite?.Invoke(text) ?? text);
    }

    /// <summary>
    /// Lets packets through to the daemon that come from the node's own addresses or from 127/8; the kernel drops them
    /// unless it is told otherwise.
    /// </summary>
    public Task AdmitMartiansAsync() => Shell.RunAsync("ip", "netns", "exec", Place.Name, "sh", "-c",
        "for f in accept_local route_localnet; do echo 1 > /proc/sys/net/ipv4/conf/eth0/$f; done");

    /// <summary>Sends a signal to the main process.</summary>
    /// <returns>When.</returns>
    public DateTime Signal(int signal) => Send(signal, [_main!.Id]);

    /// <summary>
    /// Sends a signal to all processes of the daemon at once, children first: neither vrrpd's guardian nor keepalived's
    /// child shall have time to act on what happened to its parent.
    /// </summary>
    /// <returns>When.</returns>
    public async Task<DateTime> SignalAllAsync(int signal) =>
        Send(signal, [.. (await DaemonsAsync()).OrderDescending()]);

    /// <summary>The processes of the daemon.</summary>
    public async Task<int[]> DaemonsAsync() => [.. (await Place.ProcessesAsync()).Where(IsDaemon)];

    /// <summary>Processor time of the daemon's busiest process since it was started.</summary>
    public async Task<TimeSpan> BusiestAsync()
    {
        const int UserTime = 11, TicksPerSecond = 100;
        long most = 0;
        foreach (int process in await DaemonsAsync())
        {
            // The name, in parentheses, may have spaces; the rest counts from behind it.
            string stat = await File.ReadAllTextAsync($"/proc/{process}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            most = Math.Max(most, long.Parse(fields[UserTime], CultureInfo.InvariantCulture)
                + long.Parse(fields[UserTime + 1], CultureInfo.InvariantCulture));
        }

        return TimeSpan.FromSeconds((double)most / TicksPerSecond);
    }

    /// <summary>Waits until the daemon that was started last has ended.</summary>
    public async Task EndedAsync()
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        try
        {
            await _main!.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            string state = await File.ReadAllTextAsync($"/proc/{_main!.Id}/status");
            Assert.Fail($"{_main.Id} does not end\n{Log}\n{state}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _started)
        {
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
        }

        _answering.Dispose();
        await Ownership.DisposeAsync();
    }

    // Not by kill(1): on a busy machine it takes a second to start it.
    private static DateTime Send(int signal, int[] processes)
    {
        DateTime now = DateTime.UtcNow;
        foreach (int process in processes)
            Assert.Equal(0, Libc.Kill(process, signal));
        return now;
    }

    private static bool IsDaemon(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").Trim() is "vrrpd" or "keepalived";
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            lock (_log)
                _log.Add(line);
        }
    }

    [GeneratedRegex(@"link/ether ([0-9a-f:]+)")]
    private static partial Regex Ether();

    [GeneratedRegex(@"inet6 (fe80:[0-9a-f:]+)/64")]
    private static partial Regex LinkLocal();
}
