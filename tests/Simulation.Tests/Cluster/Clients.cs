using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.LineProtocol;
using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>The clients: they send what the plan says, and note what they are told while their gateway lives.</summary>
internal sealed class Clients(Ledger ledger)
{
    private static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(2);

    private int _answers;

    /// <summary>Requests that were answered.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>Sends a write, as the input of line protocol makes it.</summary>
    public void Write(GatewayLife life, PlannedWrite planned)
    {
        int number = ledger.NextNumber;
        string target = $"/write?db={planned.Database}&consistency={planned.Level.ToString().ToLowerInvariant()}";
        (byte[] body, BodyScan scan) = BodyOf(number, planned, life.Time.GetUtcNow());
        string text = Encoding.UTF8.GetString(body);
        var request = new ClientRequest
        {
            Number = number,
            Life = life.Number,
            Client = planned.Client,
            Database = planned.Database,
            Target = target,
            Body = text,
            Points = scan.Points,
            Lines = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Line.Parse)],
        };
        ledger.Add(request);
        var where = new WriteTarget
        {
            PathAndQuery = target,
            Authorization = null,
            Database = planned.Database,
            RetentionPolicy = null,
            Precision = Precision.Nanoseconds,
            Account = "",
        };
        if (life.Writer.MustWait(life.Cluster, planned.Client, where, out bool alone))
        {
            request.Outcome = WriteOutcome.Penalized;
            return;
        }

        MirroredRecord record = null!;
        ValueTask<WriteResult> result = life.Writer.WriteAsync(life.Cluster, planned.Level, AckTimeout, watch =>
            record = new MirroredRecord(SharedBuffer.Copy(body))
            {
                Kind = RecordKind.Write,
                Target = where,
                Points = scan.Points,
                SendAlone = alone || scan.Faults > 0,
                EndsWithNewline = scan.EndsWithNewline,
                Client = planned.Client,
                Watch = watch,
            });
        request.Position = record.Position;
        _ = NoteAsync(life, request, result);
    }

    /// <summary>Sends a statement, as the input of InfluxQL makes it.</summary>
    public ClientRequest Execute(GatewayLife life, Statement statement)
    {
        int number = ledger.NextNumber;
        var request = new ClientRequest
        {
            Number = number,
            Life = life.Number,
            Client = "10.0.0.9",
            Database = statement.Database,
            Statement = statement,
            Target = $"/query?db={statement.Database}&q={Uri.EscapeDataString(statement.Text)}&number={number}",
            Body = "",
            Points = 1,
        };
        ledger.Add(request);
        bool all = statement.Analysis.AllDatabases;
        MirroredRecord record = null!;
        ValueTask<WriteResult> result = life.Writer.ExecuteAsync(life.Cluster, AckTimeout, watch =>
            record = new MirroredRecord(SharedBuffer.Rent(0))
            {
                Kind = RecordKind.Statement,
                Target = new WriteTarget
                {
                    PathAndQuery = request.Target,
                    Authorization = null,
                    Database = statement.Database,
                    RetentionPolicy = null,
                    Precision = Precision.Nanoseconds,
                    Account = "",
                },
                Points = 1,
                SendAlone = true,
                Scope = new StatementScope(
                    all ? [] : statement.Analysis.Databases, all, statement.Analysis.Destructive),
                Client = request.Client,
                Watch = watch,
            });
        request.Position = record.Position;
        _ = NoteAsync(life, request, result);
        return request;
    }

    /// <summary>What the client is told counts if the gateway lived when it heard it.</summary>
    private async Task NoteAsync(GatewayLife life, ClientRequest request, ValueTask<WriteResult> result)
    {
        WriteResult told = await result;
        life.Line.TryDo(() => request.Outcome = told.Outcome);
        Interlocked.Increment(ref _answers);
    }

    private static (byte[] Body, BodyScan Scan) BodyOf(int number, PlannedWrite planned, DateTimeOffset now)
    {
        var text = new StringBuilder();
        foreach ((string measurement, string tag, long time) in planned.Points)
        {
            long? stamp = planned.IsStamped ? time : null;
            text.Append(Line.Text(number, measurement, tag, stamp, LineKind.Good, planned.Padding)).Append('\n');
        }

        if (planned.Odd != LineKind.Good)
            text.Append(Line.Text(number, "m", "a", 1, planned.Odd, 0)).Append('\n');
        byte[] lines = Encoding.UTF8.GetBytes(text.ToString());
        using var missing = new InsertionPoints();
        BodyScan scan = LineScanner.Scan(lines, Precision.Nanoseconds, missing);
        long nanoseconds = (now - DateTimeOffset.UnixEpoch).Ticks * 100;
        var stamped = new byte[TimestampStamper.StampedLength(lines.Length, missing.Count, nanoseconds)];
        TimestampStamper.Stamp(lines, missing.AsSpan(), nanoseconds, stamped);
        return (stamped, scan);
    }
}
