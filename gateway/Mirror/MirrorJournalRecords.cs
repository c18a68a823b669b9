using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror;

/// <summary>How far a destination has got, as it was saved last; its account is that of the same moment.</summary>
public sealed record JournalCursorView
{
    /// <summary>YARP's destination id.</summary>
    public required string Destination { get; init; }

    /// <summary>Every position up to this one is done.</summary>
    public required long LowWaterMark { get; init; }

    /// <summary>Runs above it that are done.</summary>
    public required IEnumerable<PositionRange> Completed { get; init; }

    /// <summary>It has no account: the file is of another version.</summary>
    public required bool IsWithoutAccount { get; init; }

    /// <summary>The account counts entries up to this position.</summary>
    public required long Through { get; init; }

    /// <summary>Points accepted for it.</summary>
    public required long Accepted { get; init; }

    /// <summary>Points it confirmed.</summary>
    public required long Delivered { get; init; }

    /// <summary>Points that waited.</summary>
    public required long Pending { get; init; }

    /// <summary>Points it refused.</summary>
    public required long Rejected { get; init; }

    /// <summary>Points given up.</summary>
    public required long Dropped { get; init; }

    /// <summary>Records that waited.</summary>
    public required long PendingRecords { get; init; }

    /// <summary>Bytes that waited.</summary>
    public required long PendingBytes { get; init; }

    /// <summary>It lacks records that others have.</summary>
    public required bool NeedsResync { get; init; }

    internal static JournalCursorView Of(string name, CursorState cursor)
    {
        var state = CourierState.Decode(cursor.Extra.Span);
        var tally = state?.Tally ?? default;
        return new JournalCursorView
        {
            Destination = name,
            LowWaterMark = cursor.LowWaterMark,
            Completed = cursor.Completed,
            IsWithoutAccount = state is null,
            Through = state?.Through ?? 0,
            Accepted = tally.Accepted,
            Delivered = tally.Delivered,
            Pending = tally.Pending,
            Rejected = tally.Rejected,
            Dropped = tally.Dropped,
            PendingRecords = tally.PendingRecords,
            PendingBytes = tally.PendingBytes,
            NeedsResync = state?.NeedsResync ?? false,
        };
    }
}

/// <summary>A record as it may be shown: users, passwords, tokens and credentials are masked.</summary>
public sealed record JournalRecordView
{
    private const int SampleLength = 80;

    /// <summary>Its place in the journal.</summary>
    public required long Position { get; init; }

    /// <summary>When it was accepted; null when its header cannot be understood.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>What kind of request it is.</summary>
    public required string Kind { get; init; }

    /// <summary>Its method.</summary>
    public string Method { get; init; } = "";

    /// <summary>Its database.</summary>
    public string Database { get; init; } = "";

    /// <summary>Points it counts.</summary>
    public int Points { get; init; }

    /// <summary>Bytes of its body.</summary>
    public required int Bytes { get; init; }

    /// <summary>Who sent it.</summary>
    public string Client { get; init; } = "";

    /// <summary>Path and query, masked.</summary>
    public string Target { get; init; } = "";

    /// <summary>The scheme of its credentials; null when it has none.</summary>
    public string? Authorization { get; init; }

    /// <summary>The beginning of its body, or of a statement's text, masked.</summary>
    public required string Sample { get; init; }

    internal static JournalRecordView Of(LogRecord found)
    {
        try
        {
            var record = RecordHeader.Decode(found);
            return new JournalRecordView
            {
                Position = found.Position,
                Time = record.AcceptedAt,
                Kind = record.Kind.ToString(),
                Method = record.Method.Method,
                Database = record.Target.Database,
                Points = record.Points,
                Bytes = record.Body.Length,
                Client = record.Client,
                Target = RecordText.Target(record.Target),
                Authorization = RecordText.Authorization(record.Target),
                Sample = RecordText.Sample(record, SampleLength),
            };
        }
        catch (InvalidDataException fault)
        {
            return new JournalRecordView
            {
                Position = found.Position,
                Kind = "unknown",
                Bytes = found.Body.Length,
                Sample = fault.Message,
            };
        }
    }
}
