using InfluxMirror.Journal;

namespace InfluxMirror.Delivery;

/// <summary>What kind of request a record is.</summary>
public enum RecordKind
{
    /// <summary>Line protocol: ordered within its database, may be merged with its neighbours.</summary>
    Write,

    /// <summary>Statements that change something: a barrier for the databases they name.</summary>
    Statement,

    /// <summary>Any other request: passed on as it is, unordered among its kind.</summary>
    Raw,
}

/// <summary>Which databases a statement touches.</summary>
/// <param name="Databases">Their names; empty when <paramref name="All"/>.</param>
/// <param name="All">Every database: user management, and what cannot be told.</param>
/// <param name="Destructive">It drops or deletes something.</param>
public sealed record StatementScope(IReadOnlyList<string> Databases, bool All, bool Destructive);

/// <summary>A request that every destination is to get: the journal's entry.</summary>
public sealed class MirroredRecord(SharedBuffer body) : JournalRecord(body)
{
    /// <summary>
    /// Bytes a record takes in memory beside its body and texts: itself, its target, its header for the disk, its
    /// place in a lane, and who waits for it. Measured, and rounded up.
    /// </summary>
    internal const int OwnBytes = 1100;

    // What sends it, and stands for it in its lanes.
    private const int StatementBytes = 1300;

    // The text, and its copies in the header of the target and of the record.
    private const int BytesPerCharacter = sizeof(char) + 2;

    private volatile bool _withdrawn;

    /// <summary>What kind of request it is.</summary>
    public required RecordKind Kind { get; init; }

    /// <summary>Where it goes.</summary>
    public required WriteTarget Target { get; init; }

    /// <summary>The method it is sent with.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    /// <summary>Its <c>Content-Type</c>; null for line protocol and for requests without a body.</summary>
    public string? ContentType { get; init; }

    /// <summary>Its <c>Accept</c> header; null when it has none, and for line protocol.</summary>
    public string? Accept { get; init; }

    /// <summary>Its <c>Content-Encoding</c>; null for a plain body.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>Points it counts: valid lines of a write, 1 for anything else.</summary>
    public required int Points { get; init; }

    /// <summary>It is never merged: some line is faulty, or its client was refused lately.</summary>
    public bool SendAlone { get; init; }

    /// <summary>Its body ends a line, so that another body may follow at once.</summary>
    public bool EndsWithNewline { get; init; }

    /// <summary>The address of the client, for dead letters.</summary>
    public string Client { get; init; } = "";

    /// <summary>What a statement touches; null for other kinds.</summary>
    public StatementScope? Scope { get; init; }

    /// <summary>Who waits for its fate; null when nobody does.</summary>
    public DeliveryWatch? Watch { get; init; }

    /// <summary>The dead letter it is sent again from; 0 for a record of the journal.</summary>
    public long Letter { get; init; }

    /// <summary>Every destination that could be asked refused it and its client was told so: nobody gets it.</summary>
    public bool IsWithdrawn => _withdrawn || (Withdrawn?.Contains(Position) ?? false);

    /// <summary>
    /// Of one that was read back from disk: where records were withdrawn, since whoever did that had another object.
    /// </summary>
    internal WithdrawnPositions? Withdrawn { get; set; }

    /// <summary>Bytes it counts while it waits: its body, and path and query, where the text of a statement may be.
    /// </summary>
    internal int Bytes => Body.Length + Target.PathAndQuery.Length;

    /// <inheritdoc/>
    protected override int Overhead =>
        OwnBytes + (Kind == RecordKind.Statement ? StatementBytes : 0)
        + (BytesPerCharacter * (Target.PathAndQuery.Length + (Target.Authorization?.Length ?? 0)));

    /// <inheritdoc/>
    protected override byte KindOnDisk => (byte)Kind;

    // It may be the one that repairs what the journal is full of.
    /// <inheritdoc/>
    protected override bool IsVital => Kind == RecordKind.Statement;

    /// <inheritdoc/>
    protected override ReadOnlyMemory<byte> EncodeHeader() => RecordHeader.Encode(this);

    /// <summary>Takes it back from every destination that does not have it yet.</summary>
    public void Withdraw() => _withdrawn = true;
}
