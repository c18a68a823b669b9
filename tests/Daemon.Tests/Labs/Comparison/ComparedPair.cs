namespace Vrrp.Daemon.Tests.Labs.Comparison;

/// <summary>How a pair did in one fault.</summary>
/// <param name="Takeover">
/// From the fault until the peer had the address (after a heal, until only one node had it); null: that never was.
/// </param>
/// <param name="Gap">The longest time the client had no answer.</param>
/// <param name="Both">The longest time both had the address.</param>
/// <param name="IsLasting">Whether both still had it when the measurement ended.</param>
internal sealed record ComparedTimes(TimeSpan? Takeover, TimeSpan Gap, TimeSpan Both, bool IsLasting)
{
    /// <summary>The worst of two.</summary>
    public ComparedTimes Or(ComparedTimes other) => new(
        Takeover is { } one && other.Takeover is { } two ? Max(one, two) : null,
        Max(Gap, other.Gap), Max(Both, other.Both), IsLasting || other.IsLasting);

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

/// <summary>Two nodes with the same daemon, the same priorities and the same check of a gateway, each second.</summary>
internal sealed class ComparedPair : IAsyncDisposable
{
    // After the peer has the address: long enough for whatever a daemon does next, such as starting its child again.
    private const double Aftermath = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Neighbour = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(0.1);

    private readonly Lab _lab;
    private readonly FakeGateway _gateway;

    private ComparedPair(Lab lab) => (_lab, _gateway) = (lab, new(lab.First.Place) { Mood = GatewayMood.Well });

    /// <summary>Starts both nodes.</summary>
    public static async Task<ComparedPair> StartAsync(Pairing? pairing)
    {
        ComparedPair pair = new(await Lab.CreateAsync(LabMode.V2, pairing, isInRoom: true));
        await pair.StartFirstAsync();
        await pair._lab.Second.StartAsync();
        await pair._lab.SettleAsync();
        return pair;
    }

    /// <summary>Lets a fault happen, measures, and waits until the first node is master again.</summary>
    public async Task<ComparedTimes> MeasureAsync(ComparedFault fault)
    {
        string address = _lab.Terms.Address1;
        DateTime start = await fault.Do(this, _lab);
        DateTime? changed = await ChangedAsync(fault.Name == ComparedFault.Heal, address, start);
        await Lab.PauseAsync(Aftermath);
        // A neighbour that was told nothing finds out by itself, when it looks at what it knows; Linux within a minute.
        await _lab.UntilAsync(
            Neighbour, () => _lab.Client.AnsweredAt > DateTime.UtcNow - Lately, "the client is answered");
        ComparedTimes times = new(changed - start, _lab.Client.Gap(start, DateTime.UtcNow),
            _lab.Overlap(address, start), _lab.First.Ownership.Has(address) && _lab.Second.Ownership.Has(address));
        await fault.Undo(this, _lab);
        if (!fault.IsFollowed)
            await _lab.SettleAsync();
        await Lab.PauseAsync(1);
        return times;
    }

    /// <summary>Starts the first node again, when what is left of it has ended.</summary>
    public async Task StartFirstAsync()
    {
        DateTime limit = DateTime.UtcNow + Patience;
        while ((await _lab.First.DaemonsAsync()).Length > 0 && DateTime.UtcNow < limit)
            await Lab.PauseAsync(0.1);
        await _lab.First.StartAsync(new(Rewrite: WithCheck));
    }

    /// <summary>How the first node's gateway answers.</summary>
    public GatewayMood Gateway { set => _gateway.Mood = value; }

    /// <summary>Memory, and processor time in a while without events.</summary>
    public async Task<Footprint> IdleAsync(double seconds)
    {
        Footprint before = await Footprint.OfAsync(_lab.First);
        await Lab.PauseAsync(seconds);
        Footprint after = await Footprint.OfAsync(_lab.First);
        return after with { Processor = after.Processor - before.Processor };
    }

    public async ValueTask DisposeAsync()
    {
        _gateway.Dispose();
        await _lab.DisposeAsync();
    }

    private async Task<DateTime?> ChangedAsync(bool isHeal, string address, DateTime start)
    {
        DateTime limit = start + Patience;
        while (DateTime.UtcNow < limit)
        {
            Held? taken = _lab.Second.Ownership.Of(address).LastOrDefault();
            DateTime? changed = isHeal ? taken?.To : taken?.From;
            if (changed >= start)
                return changed;
            await Task.Delay(5);
        }

        return null;
    }

    private string WithCheck(string text)
    {
        string url = $"http://127.0.0.1:{_gateway.Port}/health/ready";
        return _lab.First.IsVrrpd
            ? LabText.AtTop($$"""
                "Checks": { "gateway": { "Url": "{{url}}", "Interval": "00:00:01", "Weight": -2 } }
                """)(LabText.InRouter(1, "\"TrackChecks\": [\"gateway\"]")(text))
            : $$"""
                global_defs {
                  script_user root
                  enable_script_security
                }
                vrrp_script gateway {
                  script "/usr/bin/curl -fsS -o /dev/null {{url}}"
                  interval 1
                  weight -2
                }

                """ + LabText.InKeepalived(1, "track_script {\n gateway\n}")(text);
    }
}
