using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;
using Xunit.Sdk;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// Two machines and a client on a bridge, each in a network namespace of its own. Everything goes when it is disposed,
/// and what a killed run left when the next one begins.
/// </summary>
internal sealed partial class Lab : IAsyncDisposable
{
    private const string NamePrefix = "vrl";

    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(0.1);
    private static readonly SemaphoreSlim Cleaning = new(1);
    private static bool s_isClean;
    private static int s_count;

    private readonly List<NetworkNamespace> _places = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("vrrpd-lab-").FullName;
    private IDisposable? _room;
    private Capture? _capture;
    private Client? _client;

    private Lab(LabMode mode, Pairing? pairing) => (Terms, Pairing) = (new(mode), pairing);

    public LabTerms Terms { get; }

    /// <summary>Which daemon runs where; null: keepalived on both nodes.</summary>
    public Pairing? Pairing { get; }

    public LabNode First { get; private set; } = null!;

    public LabNode Second { get; private set; } = null!;

    /// <summary>The nodes with vrrpd.</summary>
    public IEnumerable<LabNode> Daemons => new[] { First, Second }.Where(node => node.IsVrrpd);

    public NetworkNamespace Switch => _places[0];

    public NetworkNamespace ClientPlace => _places[3];

    public Capture Capture => _capture!;

    /// <summary>Asks the first virtual address.</summary>
    public Client Client => _client!;

    /// <summary>Makes a lab; its daemons are not started.</summary>
    /// <param name="mode">How its routers speak.</param>
    /// <param name="pairing">Which daemon runs where; null: keepalived on both nodes.</param>
    /// <param name="isInRoom">Whether the caller is in the room already, and stays.</param>
    public static async Task<Lab> CreateAsync(LabMode mode, Pairing? pairing, bool isInRoom = false)
    {
        LabRoom.Require();
        MachineStall.Watch();
        await VrrpdBinary.PathAsync();
        Lab lab = new(mode, pairing);
        try
        {
            lab._room = isInRoom ? null : await LabRoom.EnterAsync(isAlone: mode == LabMode.V3Fast);
            await CleanAsync();
            await lab.BuildAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a lab, starts both daemons, and waits until each node is master of its own router.</summary>
    public static async Task<Lab> StartAsync(LabMode mode, Pairing pairing, LabChange? first = null)
    {
        Lab lab = await CreateAsync(mode, pairing);
        try
        {
            await lab.First.StartAsync(first);
            await lab.Second.StartAsync();
            await lab.SettleAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Waits until each node has its own address alone, and the client is being answered by the first. For a moment that
    /// may be so before it is settled: a backup that is about to take over from nobody gives way again, and leaves the
    /// client with its link-layer address.
    /// </summary>
    public Task SettleAsync() => UntilAsync(TimeSpan.FromSeconds(15), () =>
        First.Ownership.Has(Terms.Address1) && !Second.Ownership.Has(Terms.Address1)
        && Second.Ownership.Has(Terms.Address2) && !First.Ownership.Has(Terms.Address2) && Client.Owner == 1
        && DateTime.UtcNow - Client.AnsweredAt < Recent
        && new[] { First, Second }.All(node => DateTime.UtcNow - node.Ownership.ChangedAt > Calm),
        "each node is master of its own router");

    /// <summary>The first node with vrrpd, which is master of its own router, and backup of the other one's.</summary>
    public LabNode Tested => First.IsVrrpd ? First : Second;

    /// <summary>The other node.</summary>
    public LabNode PeerOf(LabNode node) => node == First ? Second : First;

    /// <summary>The address that a node leads in.</summary>
    public string Own(LabNode node) => node.Number == 1 ? Terms.Address1 : Terms.Address2;

    /// <summary>Lets time pass, because the scenario says so.</summary>
    public static Task PauseAsync(double seconds) =>
        Task.Delay(TimeSpan.FromSeconds(Math.Max(0, seconds)), TestContext.Current.CancellationToken);

    /// <summary>Waits for a condition.</summary>
    public async Task UntilAsync(TimeSpan limit, Func<bool> condition, string what)
    {
        DateTime end = DateTime.UtcNow + limit;
        while (!condition())
        {
            if (DateTime.UtcNow > end)
                Assert.Fail($"not within {limit.TotalSeconds} s: {what}\n{Story()}");
            await Task.Delay(5);
        }
    }

    /// <summary>The longest time both nodes had an address at once since a moment.</summary>
    public TimeSpan Overlap(string address, DateTime since)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (Held left in First.Ownership.Of(address))
        {
            foreach (Held right in Second.Ownership.Of(address))
            {
                DateTime from = new[] { left.From, right.From, since }.Max();
                DateTime to = new[] { left.To ?? DateTime.UtcNow, right.To ?? DateTime.UtcNow }.Min();
                longest = to - from > longest ? to - from : longest;
            }
        }

        return longest;
    }

    /// <summary>What happened, for the message of a failed test.</summary>
    public string Story()
    {
        string text = "";
        foreach (LabNode node in new[] { First, Second })
        {
            foreach (string address in new[] { Terms.Address1, Terms.Address2 })
            {
                foreach (Held held in node.Ownership.Of(address))
                    text += $"n{node.Number} had {address} {held.From:HH:mm:ss.fff} to {held.To:HH:mm:ss.fff}\n";
            }

            text += $"--- n{node.Number}\n{node.Log}\n";
        }

        return text;
    }

    /// <summary>Asserts, with the story if it does not hold.</summary>
    public void Check(bool condition, string what) => Assert.True(condition, condition ? "" : $"{what}\n{Story()}");

    /// <summary>
    /// Asserts a bound and prints what was measured. What the machine itself stood still meanwhile is allowed on top.
    /// </summary>
    public void AtMost(TimeSpan measured, double seconds, string what)
    {
        double stall = MachineStall.Worst(DateTime.UtcNow - measured - TimeSpan.FromSeconds(5)).TotalSeconds;
        string text = $"{what}: {measured.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture)} s"
            + (stall > 0.1 ? $" (the machine stood still for {stall:0.00} s)" : "");
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        seconds += seconds > 0 && stall > 0.1 ? stall : 0;
        if (measured.TotalSeconds <= seconds)
            return;
        // That something never happens at all is no matter of speed.
        string message = $"{text}, more than {seconds}\n{Story()}";
        throw seconds > 0 ? new TooLongException(message) : FailException.ForFailure(message);
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        foreach (LabNode? node in new[] { First, Second })
        {
            if (node is not null)
                await node.DisposeAsync();
        }

        if (_capture is not null)
            await _capture.DisposeAsync();
        foreach (NetworkNamespace place in _places)
            await place.DeleteAsync();
        Directory.Delete(_folder, recursive: true);
        _room?.Dispose();
    }

    private async Task BuildAsync()
    {
        string name = $"{NamePrefix}{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        _places.Add(await NetworkNamespace.CreateAsync($"{name}s"));
        await Switch.IpAsync("link add br0 type bridge mcast_snooping 0 forward_delay 0");
        await Switch.IpAsync("link set br0 up");
        for (int number = 1; number <= 3; number++)
        {
            NetworkNamespace place = await NetworkNamespace.CreateAsync($"{name}{(number == 3 ? "c" : $"n{number}")}");
            _places.Add(place);
            await Shell.RunAsync("ip", "netns", "exec", place.Name, "sh", "-c",
                "for f in all default; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done");
            await Switch.IpAsync($"link add p{number} type veth peer name eth0 netns {place.Name}");
            await Switch.IpAsync($"link set p{number} master br0 up");
            await place.IpAsync("link set eth0 up");
            await place.IpAsync($"addr add 198.51.100.{number}/24 dev eth0");
            await place.IpAsync($"addr add fd00::{number}/64 dev eth0 nodad");
        }

        _capture = new(ClientPlace.Name);
        First = await LabNode.CreateAsync(
            _places[1], 1, Pairing is Labs.Pairing.VrrpdFirst or Labs.Pairing.Both, Terms, _folder);
        Second = await LabNode.CreateAsync(
            _places[2], 2, Pairing is Labs.Pairing.KeepalivedFirst or Labs.Pairing.Both, Terms, _folder);
        _client = new(ClientPlace, Terms.Address1);
        await _capture.Ready;
    }

    // A run that was killed left its namespaces; their names tell its process.
    private static async Task CleanAsync()
    {
        await Cleaning.WaitAsync();
        try
        {
            if (s_isClean)
                return;
            s_isClean = true;
            foreach (Match left in Left().Matches(await Shell.RunAsync("ip", "netns", "list")))
            {
                if (!Directory.Exists($"/proc/{left.Groups[1].Value}"))
                    await new NetworkNamespace(left.Value).DeleteAsync();
            }
        }
        finally
        {
            Cleaning.Release();
        }
    }

    [GeneratedRegex($@"\b{NamePrefix}(\d+)-\w+")]
    private static partial Regex Left();
}
