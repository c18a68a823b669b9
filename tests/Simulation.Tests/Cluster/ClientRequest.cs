using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>A request of a client: what it was, what its client was told, and what destinations did.</summary>
internal sealed class ClientRequest
{
    /// <summary>Its number, which its points hold as their value; growing in the order of sending.</summary>
    public required int Number { get; init; }

    /// <summary>The life of the gateway that it was sent to.</summary>
    public required int Life { get; init; }

    public required string Client { get; init; }

    public required string Database { get; init; }

    /// <summary>The retention policy; null for the default one.</summary>
    public string? Policy { get; init; }

    /// <summary>Whom it claims to be from; null for nobody.</summary>
    public string? Account { get; init; }

    /// <summary>Null for a write.</summary>
    public Statement? Statement { get; init; }

    /// <summary>It is passed on as it is.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Path and query.</summary>
    public required string Target { get; init; }

    /// <summary>The body as destinations are to read it, with a newline behind each line.</summary>
    public required string Body { get; init; }

    /// <summary>Points that the gateway counts.</summary>
    public required int Points { get; init; }

    public IReadOnlyList<Line> Lines { get; init; } = [];

    /// <summary>Where the journal has it; 0 when it was not taken.</summary>
    public long Position { get; set; }

    /// <summary>What the client was told; null when its gateway ended before.</summary>
    public WriteOutcome? Outcome { get; set; }

    /// <summary>It is to be everywhere, whatever its client was told: it was durable when its gateway ended.</summary>
    public bool IsKept { get; set; }

    /// <summary>By destination.</summary>
    public Dictionary<string, Treatment> Treatments { get; } = [];

    public bool IsAcknowledged => Outcome == WriteOutcome.Accepted;

    /// <summary>
    /// Every destination is to execute it: its client was told so, or it was safe when its gateway ended. Not what was
    /// refused: who lacks it then need not get it.
    /// </summary>
    public bool IsCertain => IsAcknowledged || (IsKept && Outcome != WriteOutcome.Refused);

    public Treatment At(string destination)
    {
        if (!Treatments.TryGetValue(destination, out Treatment? treatment))
            Treatments[destination] = treatment = new Treatment();
        return treatment;
    }

    public bool Concerns(string database) => Statement?.Concerns(database) ?? Database == database;

    /// <summary>
    /// Whether destinations are to execute the two in the order of their acceptance, if both concern a database: what
    /// is raw is in order with statements only, and what waits for a policy or an account is overtaken by others.
    /// </summary>
    public bool IsInOrderWith(ClientRequest other) =>
        Statement is not null || other.Statement is not null
        || (!(IsRaw || other.IsRaw) && Policy == other.Policy && Account == other.Account);

    public override string ToString()
    {
        string what = Statement is null
            ? $"{(IsRaw ? "raw" : "write")} to {Database}{(Policy is null ? "" : $".{Policy}")}"
                + $"{(Account is null ? "" : $" as {Account}")} {string.Join(" | ", Lines)}"
            : $"{Statement.Text} on {Database}";
        return $"#{Number} {what} by {Client}, life {Life}, position {Position}: {Outcome?.ToString() ?? "no answer"}"
            + (IsKept ? ", kept" : "")
            + string.Concat(Treatments.OrderBy(one => one.Key).Select(one => $"; {one.Key} {one.Value}"));
    }
}

/// <summary>What one destination did with one request.</summary>
internal sealed class Treatment
{
    /// <summary>How often it was executed; of a partial write the good lines.</summary>
    public int Executions { get; set; }

    /// <summary>It was refused by itself, not as a part of a merged one.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Its database was missing.</summary>
    public bool IsParked { get; set; }

    /// <summary>Attempts that met a server error, or no answer.</summary>
    public int Failures { get; set; }

    /// <summary>The last attempt did: if it has been executed all the same, the gateway has not heard of it.</summary>
    public bool HasFailedLast { get; set; }

    /// <summary>The destination vanished while it had it.</summary>
    public bool HasVanished { get; set; }

    /// <summary>It was executed last while an older one was suspect: before its turn, perhaps, and then once more.
    /// </summary>
    public bool IsWitness { get; set; }

    /// <summary>Its dead letter was sent once more.</summary>
    public bool IsRetried { get; set; }

    /// <summary>A dead letter of it is there in the end.</summary>
    public bool HasLetter { get; set; }

    /// <summary>It has its fate here: the points are there, or will not be.</summary>
    public bool IsDecided => Executions > 0 || IsRefused || HasLetter;

    public override string ToString()
    {
        string text = $"executed {Executions}";
        foreach ((bool isSo, string word) in new[]
        {
            (IsRefused, "refused"), (IsParked, "parked"), (Failures > 0, $"failed {Failures}"),
            (HasVanished, "vanished"), (IsRetried, "retried"), (HasLetter, "letter"),
        })
        {
            text += isSo ? $", {word}" : "";
        }

        return text;
    }
}
