using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>One step of a plan; its text is what it does, in words.</summary>
internal abstract record PlanStep;

/// <summary>Clients write, one right after the other.</summary>
internal sealed record WriteStep(IReadOnlyList<PlannedWrite> Writes) : PlanStep
{
    public override string ToString() => $"write {string.Join("; ", Writes)}";
}

/// <summary>A write of one client.</summary>
/// <param name="Client">Who.</param>
/// <param name="Database">Where to.</param>
/// <param name="Points">The points.</param>
/// <param name="Odd">What one more line of it is, if not good.</param>
/// <param name="Level">The confirmations asked.</param>
/// <param name="IsStamped">Whether the client gives the time.</param>
/// <param name="Padding">Bytes that make it larger.</param>
/// <param name="Form">How it comes.</param>
/// <param name="Policy">The retention policy; null for the default one.</param>
/// <param name="Account">Whom it claims to be from; null for nobody.</param>
internal sealed record PlannedWrite(
    string Client, string Database, IReadOnlyList<(string Measurement, string Tag, long Time)> Points, LineKind Odd,
    ConsistencyLevel Level, bool IsStamped, int Padding, WriteForm Form, string? Policy, string? Account)
{
    public override string ToString() =>
        $"{Client} to {Database}{(Policy is null ? "" : $".{Policy}")}{(Account is null ? "" : $" as {Account}")}"
        + $" ({Level}, {Form}{(IsStamped ? "" : ", unstamped")}{(Padding > 0 ? ", large" : "")})"
        + string.Concat(Points.Select(point => $" {point.Measurement}/{point.Tag}@{point.Time}"))
        + (Odd == LineKind.Good ? "" : $" and a line that is a {Odd}");
}

/// <summary>How the points of a write come.</summary>
internal enum WriteForm
{
    /// <summary>Line protocol.</summary>
    Lines,

    /// <summary>Line protocol whose last line does not end with a newline.</summary>
    OpenLines,

    /// <summary>Line protocol, compressed.</summary>
    Gzip,

    /// <summary>The same without a newline at the end.</summary>
    OpenGzip,

    /// <summary>A request that is passed on as it is, in no order with writes; its points are its own.</summary>
    Raw,
}

/// <summary>A client sends a statement.</summary>
internal sealed record StatementStep(Statement Statement) : PlanStep
{
    public override string ToString() => $"{Statement.Text} on {Statement.Database}";
}

/// <summary>A destination meets its next requests in a certain way.</summary>
internal sealed record ConductStep(string Destination, Conduct Conduct, int Times) : PlanStep
{
    public override string ToString() =>
        $"{Destination} {Conduct}{(Times == int.MaxValue ? "" : $" for {Times} requests")}";
}

/// <summary>A destination ends, and what is under way to it is lost; or it is back.</summary>
internal sealed record PresenceStep(string Destination, bool IsBack) : PlanStep
{
    public override string ToString() => $"{Destination} {(IsBack ? "is back, or goes on" : "vanishes")}";
}

/// <summary>The configuration is read once more, and says the same.</summary>
internal sealed record ReloadStep : PlanStep
{
    public override string ToString() => "the configuration is read once more";
}

/// <summary>A probe finds a destination up: whatever waits to try again does so now.</summary>
internal sealed record ProbeStep(string Destination) : PlanStep
{
    public override string ToString() => $"a probe of {Destination} succeeds";
}

/// <summary>Time goes by.</summary>
internal sealed record TimeStep(int Milliseconds) : PlanStep
{
    public override string ToString() => $"{Milliseconds} ms go by";
}

/// <summary>The gateway is killed now, or within the next operations of its disk; and started again.</summary>
/// <param name="PowerCut">With the power, so that what was not synced is lost in part.</param>
/// <param name="Within">Operations of the disk until then; 0 for now.</param>
/// <param name="OnLetters">The disk that counts is that of the dead letters.</param>
/// <param name="Flip">A bit of a segment flips meanwhile.</param>
internal sealed record KillStep(bool PowerCut, int Within, bool OnLetters, bool Flip) : PlanStep
{
    public override string ToString() =>
        (Within == 0
            ? "the gateway is killed"
            : $"the gateway is killed after {Within} operations of its {(OnLetters ? "letters'" : "journal's")} disk")
        + (PowerCut ? ", and the power is cut" : "") + (Flip ? ", and a bit flips" : "");
}

/// <summary>The gateway is stopped and started again.</summary>
internal sealed record StopStep : PlanStep
{
    public override string ToString() => "the gateway is stopped and started";
}

/// <summary>A destination is taken out of the configuration, or put in again.</summary>
internal sealed record MembershipStep(string Destination, bool IsMember) : PlanStep
{
    public override string ToString() => $"{Destination} is {(IsMember ? "added" : "removed")} by a reload";
}

/// <summary>The disks fail, are full, or are well again.</summary>
/// <param name="SyncFailures">How many in a thousand syncs fail.</param>
/// <param name="OtherFailures">How many in a thousand other operations fail, reads among them.</param>
/// <param name="IsFull">Nothing more can be written.</param>
/// <param name="OnlyLetters">It is only the disk of the dead letters, and the journal's is well.</param>
internal sealed record DiskStep(int SyncFailures, int OtherFailures, bool IsFull, bool OnlyLetters = false) : PlanStep
{
    /// <summary>All is well.</summary>
    public static DiskStep Well { get; } = new(0, 0, IsFull: false);

    /// <summary>What comes free on a full disk is taken by others, at once.</summary>
    public bool IsTaken { get; init; }

    /// <summary>How many in a thousand reads fail.</summary>
    public int ReadFailures { get; init; } = OtherFailures;

    public override string ToString() => this == Well
        ? "the disks are well again"
        : $"{(OnlyLetters ? "the letters' disk fails" : "the disks fail")} {SyncFailures} of 1000 syncs and " +
            $"{OtherFailures} of 1000 other operations, {ReadFailures} of 1000 reads" +
            (IsFull ? ", full" : "") + (IsTaken ? ", and others take all" : "");
}

/// <summary>The operator has the dead letters sent once more.</summary>
internal sealed record RetryStep : PlanStep
{
    public override string ToString() => "the dead letters are sent once more";
}
