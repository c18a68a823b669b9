using System.Text;
using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>What happens in one world, from a seed alone: nothing in it depends on how the gateway fares.</summary>
internal sealed class Plan
{
    public static readonly string[] Databases = ["x", "y"];

    /// <summary>A retention policy that is not there by itself.</summary>
    public const string Policy = "week";

    /// <summary>A user that is not there by itself.</summary>
    public const string User = "eve";

    private static readonly string[] Measurements = ["m", "n"];
    private static readonly string[] Tags = ["a", "b"];

    private readonly Random _random;

    // Of its own, for what came to the plans later: the rest of a seed's schedule is what it was.
    private readonly Random _forms;
    private readonly List<PlanStep> _steps = [];
    private readonly HashSet<string> _members;
    private bool _isDiskWell = true;

    public Plan(int seed)
    {
        Seed = seed;
        _random = new Random(seed);
        _forms = new Random(seed ^ 0xf0125);
        Destinations = _random.Next(3) == 0 ? ["a", "b", "c"] : ["a", "b"];
        _members = [.. Destinations];
        OnlyProcess = _random.Next(6) == 0;
        IsFlipping = _random.Next(12) == 0;
        Missing = [.. Destinations.SelectMany(_ => Databases, (destination, database) => (destination, database))
            .Where(_ => _random.Next(8) == 0)];
        WithoutPolicy = [.. Destinations.SelectMany(_ => Databases, (destination, database) => (destination, database))
            .Where(_ => _forms.Next(4) == 0)];
        WithoutUser = [.. Destinations.Where(_ => _forms.Next(4) == 0)];
        for (int count = _random.Next(20, 61); count > 0; count--)
        {
            _steps.AddRange(_random.Next(50) switch
            {
                < 2 => LettersInTrouble(),
                2 => UnreadableForAWhile(),
                _ => [Next()],
            });
        }
    }

    public int Seed { get; }

    /// <summary>Destinations that are removed come back at once, before their removal has come to an end.</summary>
    public bool IsHasty => Seed % 4 == 1;

    /// <summary>The journal is small, and writes are large: who lags is not kept everything for.</summary>
    public bool IsCrowded => Seed % 5 == 3;

    /// <summary>A full journal refuses writes instead.</summary>
    public bool Rejects => IsCrowded && Seed % 3 == 0;

    /// <summary>A full journal, or disk, drops what is oldest for those who lag.</summary>
    public bool GivesWay => IsCrowded && !Rejects;

    /// <summary>What is old is dropped for those who lag, too.</summary>
    public bool Expires => GivesWay && Seed % 2 == 0;

    /// <summary>Little memory: what waits is on disk only, soon.</summary>
    public bool IsTight => Seed % 7 is 2 or 5;

    public IReadOnlyList<string> Destinations { get; }

    /// <summary>What was accepted is to survive the gateway's end, but not the machine's.</summary>
    public bool OnlyProcess { get; }

    /// <summary>Bits of segments may flip while the gateway is down: records are lost, and no more than that.</summary>
    public bool IsFlipping { get; }

    /// <summary>Databases that a destination lacks at first.</summary>
    public IReadOnlyList<(string Destination, string Database)> Missing { get; }

    /// <summary>Databases in which a destination lacks <see cref="Policy"/> at first.</summary>
    public IReadOnlyList<(string Destination, string Database)> WithoutPolicy { get; }

    /// <summary>Destinations that lack <see cref="User"/> at first.</summary>
    public IReadOnlyList<string> WithoutUser { get; }

    public IReadOnlyList<PlanStep> Steps => _steps;

    /// <summary>In words.</summary>
    public override string ToString()
    {
        var text = new StringBuilder()
            .Append($"Destinations {string.Join(", ", Destinations)}")
            .Append(IsHasty ? ", which come back as soon as they are removed" : "")
            .Append(IsCrowded ? $", a small journal that {(Rejects ? "refuses what it has no room for" : "gives way")}" : "")
            .Append(Expires ? ", and what is old goes" : "")
            .Append(IsTight ? ", little memory" : "")
            .AppendLine(OnlyProcess ? ", and records are safe from the end of the process only" : "");
        foreach ((string destination, string database) in Missing)
            text.AppendLine($"{destination} lacks {database}");
        foreach ((string destination, string database) in WithoutPolicy)
            text.AppendLine($"{destination} lacks {database}.{Policy}");
        foreach (string destination in WithoutUser)
            text.AppendLine($"{destination} does not know {User}");
        for (int i = 0; i < _steps.Count; i++)
            text.AppendLine($"{i + 1}. {_steps[i]}");
        return text.ToString();
    }

    private PlanStep Next() => _random.Next(100) switch
    {
        < 40 => Write(),
        < 48 => new StatementStep(SomeStatement()),
        < 64 => SomeConduct(),
        < 72 => new PresenceStep(One(Destinations), IsBack: _random.Next(4) > 0),
        72 => new ProbeStep(One(Destinations)),
        73 => new ReloadStep(),
        < 86 => new TimeStep(_random.Next(3) == 0 ? _random.Next(2000, 12_000) : _random.Next(10, 1500)),
        < 91 => Kill(),
        < 93 => new StopStep(),
        < 95 => Membership(),
        < 98 => Disk(),
        _ => new RetryStep(),
    };

    private WriteStep Write() => new([.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => SomeWrite())]);

    private PlannedWrite SomeWrite()
    {
        LineKind odd = _random.Next(12) == 0 ? (LineKind)_random.Next(1, 4) : LineKind.Good;
        ConsistencyLevel level = _random.Next(2) == 0 ? ConsistencyLevel.Any : (ConsistencyLevel)_random.Next(4);
        int padding = _random.Next(10) < (IsCrowded ? 7 : 1) ? _random.Next(500, IsCrowded ? 9000 : 3000) : 0;
        string? policy = _forms.Next(6) == 0 ? Policy : null, account = _forms.Next(8) == 0 ? User : null;
        return new PlannedWrite(
            $"10.0.0.{_random.Next(1, 5)}", _random.Next(3) == 0 ? "y" : "x",
            [.. Enumerable.Range(0, _random.Next(1, 4))
                // Accounts have series of their own: what waits for one is overtaken by others.
                .Select(_ => (One(Measurements), One(Tags) + account, _random.NextInt64(1, 4)))],
            odd, level, IsStamped: _random.Next(6) > 0, padding, SomeForm(), policy, account);
    }

    private WriteForm SomeForm() => _forms.Next(10) switch
    {
        < 5 => WriteForm.Lines,
        5 => WriteForm.OpenLines,
        < 8 => WriteForm.Gzip,
        8 => WriteForm.OpenGzip,
        _ => WriteForm.Raw,
    };

    private Statement SomeStatement()
    {
        string database = One(Databases);
        return _random.Next(10) switch
        {
            < 3 => Statement.DropMeasurement(database, One(Measurements)),
            < 6 => Statement.DeleteBefore(database, One(Measurements), _random.NextInt64(2, 4)),
            < 8 => _forms.Next(3) == 0 ? Statement.CreatePolicy(database) : Statement.CreateDatabase(database),
            8 => Statement.DropDatabase(database),
            _ => Statement.CreateUser(_forms.Next(2) == 0 ? User : $"u{_random.Next(100)}"),
        };
    }

    private ConductStep SomeConduct()
    {
        var conduct = (Conduct)_random.Next((int)Conduct.Stalls, (int)Conduct.IsDown + 1);
        // Refusals make dead letters of everything: seldom, and few.
        if (conduct == Conduct.Refuses && _random.Next(2) == 0)
            conduct = Conduct.LosesAfter;
        return new ConductStep(One(Destinations), conduct, _random.Next(1, conduct == Conduct.Refuses ? 4 : 7));
    }

    private KillStep Kill() => new(
        PowerCut: !OnlyProcess && _random.Next(3) > 0,
        Within: _random.Next(2) == 0 ? 0 : _random.Next(1, 25),
        OnLetters: _random.Next(4) == 0,
        Flip: IsFlipping && _random.Next(2) == 0);

    private PlanStep Membership()
    {
        string destination = One(Destinations);
        // Who comes or goes while its cursor cannot be saved is beyond what is promised.
        if (!_isDiskWell)
            return Disk();
        if (!_members.Remove(destination))
        {
            _members.Add(destination);
            return new MembershipStep(destination, IsMember: true);
        }

        if (_members.Count > 0)
            return new MembershipStep(destination, IsMember: false);
        _members.Add(destination);
        return new StopStep();
    }

    private DiskStep Disk()
    {
        _isDiskWell = !_isDiskWell;
        bool onlyLetters = _random.Next(2) == 0;
        return _isDiskWell
            ? DiskStep.Well
            : _random.Next(3) switch
            {
                0 => new DiskStep(_random.Next(50, 700), 0, IsFull: false, onlyLetters),
                1 => new DiskStep(_random.Next(50, 300), _random.Next(10, 200), IsFull: false, onlyLetters),
                _ => new DiskStep(0, 0, IsFull: true, onlyLetters) { IsTaken = _random.Next(2) == 0 },
            };
    }

    /// <summary>A record is refused while no letter can be kept, and the gateway ends before one can.</summary>
    private PlanStep[] LettersInTrouble() =>
    [
        new DiskStep(1000, 0, IsFull: false, OnlyLetters: true),
        new ConductStep(One(Destinations), Conduct.Refuses, 2),
        new WriteStep([SomeWrite()]),
        new TimeStep(1500),
        new KillStep(PowerCut: !OnlyProcess, Within: 0, OnLetters: false, Flip: false),
    ];

    /// <summary>No longer than there is patience for.</summary>
    private PlanStep[] UnreadableForAWhile()
    {
        _isDiskWell = true;
        return
        [
            new DiskStep(0, 0, IsFull: false) { ReadFailures = 1000 },
            new PresenceStep(One(Destinations), IsBack: true),
            new ProbeStep(One(Destinations)),
            new WriteStep([SomeWrite(), SomeWrite()]),
            new TimeStep(_random.Next(1000, 25_000)),
            DiskStep.Well,
            new TimeStep(2000),
        ];
    }

    private T One<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];
}
