using Gateway.SimulationTests.Disks;
using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;

namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// The machine's disks, the destinations, the clients, and the gateway in one life after the other. Does what a plan
/// says, step by step, and waits after each until nothing moves any more: whatever is open then waits for the plan.
/// </summary>
internal sealed class World
{
    /// <summary>How long the machine may take to come to rest, and the gateway to come to an end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Looks at it in a row, some time apart, that see no change.</summary>
    private const int QuietLooks = 3;

    private readonly Clients _clients;
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private List<Courier> _leaving = [];
    private KillStep? _within;

    public World(Plan plan)
    {
        Plan = plan;
        Ledger = new Ledger(Gate) { GivesWay = plan.GivesWay };
        _clients = new Clients(Ledger);
        JournalDisk = new SimulatedDisk(new Random(plan.Seed ^ 0x5eed));
        LetterDisk = new SimulatedDisk(new Random(plan.Seed ^ 0x1e77e5));
        Members = [.. plan.Destinations];
        foreach (string name in plan.Destinations)
        {
            Destinations[name] = new SimulatedDestination(name, Ledger);
            foreach (string database in Plan.Databases.Where(one => !plan.Missing.Contains((name, one))))
            {
                Destinations[name].Influx.Execute(Statement.CreateDatabase(database));
                if (!plan.WithoutPolicy.Contains((name, database)))
                    Destinations[name].Influx.Execute(Statement.CreatePolicy(database));
            }

            if (!plan.WithoutUser.Contains(name))
                Destinations[name].Influx.Execute(Statement.CreateUser(Plan.User));
        }

        Life = new GatewayLife(this, 1, _now);
    }

    public Lock Gate { get; } = new();

    public Plan Plan { get; }

    public Ledger Ledger { get; }

    public SimulatedDisk JournalDisk { get; }

    public SimulatedDisk LetterDisk { get; }

    public Dictionary<string, SimulatedDestination> Destinations { get; } = [];

    /// <summary>The destinations that are configured.</summary>
    public SortedSet<string> Members { get; }

    public GatewayLife Life { get; private set; }

    /// <summary>Lives that ended by a kill.</summary>
    public int Kills { get; private set; }

    /// <summary>Requests that have come to destinations, and answers that waited.</summary>
    public int Traffic
    {
        get
        {
            lock (Gate)
                return Destinations.Values.Sum(static one => one.Traffic);
        }
    }

    /// <summary>Bits that flipped.</summary>
    public int Flips { get; private set; }

    /// <summary>Destinations that were removed at some time.</summary>
    public HashSet<string> WereRemoved { get; } = [];

    /// <summary>Destinations that a life began without a place of, as the one before could save none: the disk was full.
    /// </summary>
    public HashSet<string> WereUnsaved { get; } = [];

    /// <summary>Does one step and waits for its end.</summary>
    public async Task DoAsync(PlanStep step)
    {
        switch (step)
        {
            case WriteStep write:
                foreach (PlannedWrite planned in write.Writes)
                    _clients.Write(Life, planned);
                break;
            case StatementStep { Statement: var statement }:
                _clients.Execute(Life, statement);
                break;
            case ConductStep conduct:
                lock (Gate)
                    Destinations[conduct.Destination].Behave(conduct.Conduct, conduct.Times);
                break;
            case PresenceStep presence:
                Become(Destinations[presence.Destination], presence.IsBack);
                break;
            case ReloadStep:
                Life.Cluster.Reconfigure();
                break;
            case ProbeStep probe:
                Life.Cluster.Find(probe.Destination)?.NoteReachable();
                Life.Cluster.Find(probe.Destination)?.Wake();
                break;
            case TimeStep time:
                await PassAsync(TimeSpan.FromMilliseconds(time.Milliseconds));
                break;
            case KillStep kill when kill.Within > 0:
                (kill.OnLetters ? LetterDisk : JournalDisk).CrashAfter = kill.Within;
                break;
            case KillStep kill:
                await KillAsync(kill.PowerCut, kill.Flip);
                break;
            case StopStep:
                await StopAsync();
                break;
            case MembershipStep membership:
                Configure(membership.Destination, membership.IsMember);
                if (!membership.IsMember && Plan.IsHasty)
                    Configure(membership.Destination, isMember: true);
                break;
            case DiskStep disk:
                SetDisks(disk);
                break;
            case RetryStep:
                await RetryLettersAsync();
                break;
        }

        await SettleAsync();
        await BuryKilledAsync(step as KillStep);
    }

    /// <summary>Whatever is wrong ends; the time goes on until everything has its fate.</summary>
    public async Task HealAsync()
    {
        SetDisks(DiskStep.Well);
        (JournalDisk.CrashAfter, LetterDisk.CrashAfter) = (-1, -1);
        await BuryKilledAsync(null);
        foreach (string name in Plan.Destinations)
        {
            if (!Members.Contains(name))
                Configure(name, isMember: true);
            Become(Destinations[name], isBack: true);
        }

        await SettleAsync();
        // What failed is tried again before clients find the disk well.
        await PassAsync(TimeSpan.FromSeconds(2));
        await AwaitDisksAsync();
        await CreateAsync(Statement.CreateUser(Plan.User));
        foreach (string database in Plan.Databases)
        {
            await CreateAsync(Statement.CreateDatabase(database));
            await CreateAsync(Statement.CreatePolicy(database));
        }

        for (int seconds = 0; !IsDone; seconds++)
        {
            if (seconds == 300)
                throw new InvalidOperationException($"It does not come to an end: {Words()}");
            await PassAsync(TimeSpan.FromSeconds(1));
        }

        foreach (ClientRequest request in Ledger.Requests.Where(request => request.Life == Life.Number))
            request.IsKept = request.Position > 0;
    }

    /// <summary>Stops the gateway and starts it again.</summary>
    public async Task StopAsync()
    {
        (JournalDisk.CrashAfter, LetterDisk.CrashAfter) = (-1, -1);
        SetDisks(DiskStep.Well);
        Courier[] before = [.. Life.Cluster.Couriers];
        await EndAsync();
        Begin();
        foreach (Courier ended in before)
        {
            long accepted = Life.Accepted.First(one => one.Key.Destination == ended.Destination).Value;
            if (accepted != ended.Tally.Accepted)
                Ledger.Complain(
                    $"I4: {ended.Destination} had accepted {ended.Tally.Accepted}, and after a stop {accepted}");
        }
    }

    /// <summary>Ends the present life as a stop does.</summary>
    public async Task EndAsync()
    {
        using var patience = new CancellationTokenSource();
        Task closing = Life.CloseAsync(patience.Token);
        for (int left = 20; !closing.IsCompleted; left--)
        {
            if (left == 0)
                await patience.CancelAsync();
            Life.Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.WhenAny(closing, Task.Delay(1));
        }

        await closing;
        NoteKept();
    }

    /// <summary>Waits until nothing moves any more.</summary>
    public async Task SettleAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        int before = 0;
        for (int quiet = 0; quiet < QuietLooks;)
        {
            late.Token.ThrowIfCancellationRequested();
            // Everything that waits for a thread has its turn before this goes on.
            await Task.Delay(1, CancellationToken.None);
            int now = Look();
            bool isQuiet = now == before && Life.IsDiskQuiet
                && _leaving.TrueForAll(static one => one.HasEnded);
            quiet = isQuiet ? quiet + 1 : 0;
            before = now;
        }
    }

    /// <summary>The log tries again by the machine's clock.</summary>
    private async Task AwaitDisksAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        while (Life.Log.Condition != LogCondition.Working)
            await Task.Delay(10, late.Token);
        await SettleAsync();
    }

    /// <summary>The operator helps himself where there is no room even for the statement.</summary>
    private async Task CreateAsync(Statement statement)
    {
        ClientRequest request = _clients.Execute(Life, statement);
        await SettleAsync();
        if (request.Position > 0 || !Plan.IsCrowded)
            return;
        lock (Gate)
        {
            foreach (SimulatedDestination destination in Destinations.Values)
                destination.Influx.Execute(statement);
        }
    }

    private bool IsDone => Life.Cluster.Couriers.All(static one => one.Tally.Pending == 0 && !one.IsBehind)
        && Ledger.Requests.Where(one => one.Life == Life.Number).All(static one => one.Outcome is not null);

    private void Begin()
    {
        _now = Life.Time.GetUtcNow() + TimeSpan.FromSeconds(1);
        (JournalDisk.CrashAfter, LetterDisk.CrashAfter) = (-1, -1);
        _leaving = [];
        IReadOnlyList<string> files = JournalDisk.List();
        WereUnsaved.UnionWith(Members.Where(one => !files.Contains($"{one}.cursor")));
        Life = new GatewayLife(this, Life.Number + 1, _now);
    }

    private async Task PassAsync(TimeSpan time)
    {
        var step = TimeSpan.FromMilliseconds(500);
        for (; time > TimeSpan.Zero && !Life.Line.IsCut; time -= step)
        {
            Life.Time.Advance(time < step ? time : step);
            await SettleAsync();
        }
    }

    private void Become(SimulatedDestination destination, bool isBack)
    {
        lock (Gate)
        {
            if (isBack)
                destination.Release();
            else
                destination.Vanish();
        }
    }

    private async Task KillAsync(bool powerCut, bool flip)
    {
        Life.Line.Cut();
        Kills++;
        await Life.CloseAsync(new CancellationToken(canceled: true)).WaitAsync(Patience);
        NoteKept();
        foreach (SimulatedDestination destination in Destinations.Values)
            destination.Disconnect();
        JournalDisk.Restart(powerCut);
        LetterDisk.Restart(powerCut);
        SetDisks(DiskStep.Well);
        if (flip && JournalDisk.Flip(static name => name.EndsWith(".seg", StringComparison.Ordinal)))
            Flips++;
        Begin();
    }

    /// <summary>A life that its disk has ended is over.</summary>
    private async Task BuryKilledAsync(KillStep? kill)
    {
        if (kill is { Within: > 0 })
            _within = kill;
        if (!Life.Line.IsCut)
            return;
        await KillAsync(_within?.PowerCut ?? false, _within?.Flip ?? false);
        await SettleAsync();
    }

    private void NoteKept()
    {
        foreach (ClientRequest request in Ledger.Requests.Where(request => request.Life == Life.Number))
            request.IsKept = request.Position > 0 && request.Position <= Life.DurableAtEnd;
    }

    private void Configure(string destination, bool isMember)
    {
        if (isMember)
        {
            Members.Add(destination);
            Life.Add(destination);
            return;
        }

        Members.Remove(destination);
        WereRemoved.Add(destination);
        if (Life.Cluster.Find(destination) is { } courier)
            _leaving.Add(courier);
        Life.Remove(destination);
    }

    private void SetDisks(DiskStep step)
    {
        lock (Gate)
        {
            foreach (SimulatedDisk disk in new[] { JournalDisk, LetterDisk })
            {
                DiskStep its = step.OnlyLetters && disk == JournalDisk ? DiskStep.Well : step;
                (disk.SyncFailures, disk.OtherFailures) = (its.SyncFailures, its.OtherFailures);
                (disk.ReadFailures, disk.IsTaken) = (its.ReadFailures, its.IsTaken);
                disk.Capacity = long.MaxValue;
                if (its.IsFull)
                    disk.Capacity = long.MaxValue - disk.FreeBytes;
            }
        }
    }

    private async Task RetryLettersAsync()
    {
        foreach (DeadLetter letter in Life.Cluster.Letters.List())
        {
            if (Ledger.Requests.LastOrDefault(one => one.Position == letter.Position) is { } request)
            {
                lock (Gate)
                    request.At(letter.Destination).IsRetried = true;
            }

            try
            {
                await LetterRetry.BeginAsync(Life.Cluster, letter.Id);
            }
            catch (DiskException)
            {
                // The disk fails to give it: the operator may ask again.
                return;
            }
        }
    }

    private int Look()
    {
        var all = new HashCode();
        foreach (Courier courier in Life.Cluster.Couriers.Concat(_leaving))
        {
            CourierTally tally = courier.Tally;
            all.Add(HashCode.Combine(
                tally.Accepted, tally.Delivered, tally.Rejected, tally.Dropped, tally.Pending, tally.Parked));
            all.Add(HashCode.Combine(courier.Counters.Sends, courier.LowWaterMark, courier.IsFailing));
        }

        all.Add(HashCode.Combine(Traffic, _clients.Answers, Life.Log.Tail, Life.Log.DurableThrough));
        all.Add(Life.Log.Condition);
        all.Add(HashCode.Combine(Life.Cluster.Letters.Filed, Life.Line.Operations));
        return all.ToHashCode();
    }

    private string Words() => string.Join("; ", Life.Cluster.Couriers.Select(static one =>
        $"{one.Destination} has {one.Tally.Pending} points pending, {one.Tally.Parked} parked"
        + (one.IsFailing ? ", and does not answer" : "")));
}
