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

    /// <summary>Sends a write, as its input makes it.</summary>
    public void Write(GatewayLife life, PlannedWrite planned)
    {
        int number = ledger.NextNumber;
        Form form = planned.Form == WriteForm.Raw
            ? RawForm(number, planned)
            : LineForm(number, planned, life.Time.GetUtcNow());
        string[] lines = Encoding.UTF8.GetString(BodyText.Read(form.Body, form.Encoding))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var request = new ClientRequest
        {
            Number = number,
            Life = life.Number,
            Client = planned.Client,
            Database = planned.Database,
            Policy = planned.Policy,
            Account = planned.Account,
            IsRaw = form.Kind == RecordKind.Raw,
            Target = form.Target,
            Body = string.Concat(lines.Select(static line => line + "\n")),
            Points = form.Points,
            Lines = [.. lines.Select(Line.Parse)],
        };
        ledger.Add(request);
        WriteTarget where = Where(form.Target, planned.Database, planned.Policy, planned.Account);
        bool alone = true;
        if (!request.IsRaw && life.Writer.MustWait(life.Cluster, planned.Client, where, out alone))
        {
            request.Outcome = WriteOutcome.Penalized;
            return;
        }

        MirroredRecord record = null!;
        ValueTask<WriteResult> result = life.Writer.WriteAsync(life.Cluster, planned.Level, AckTimeout, watch =>
            record = new MirroredRecord(SharedBuffer.Copy(form.Body))
            {
                Kind = form.Kind,
                Target = where,
                ContentEncoding = form.Encoding,
                Points = form.Points,
                SendAlone = alone || form.IsFaulty,
                EndsWithNewline = form.EndsWithNewline,
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
                Target = Where(request.Target, statement.Database),
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

    private static WriteTarget Where(
        string target, string database, string? policy = null, string? account = null) => new()
    {
        PathAndQuery = target,
        Authorization = account,
        Database = database,
        RetentionPolicy = policy,
        Precision = Precision.Nanoseconds,
        Account = account ?? "",
    };

    private static string PolicyOf(PlannedWrite planned) => planned.Policy is null ? "" : $"&rp={planned.Policy}";

    /// <summary>A line, at a place where no other request writes, as the order of raw ones is open.</summary>
    private static Form RawForm(int number, PlannedWrite planned)
    {
        string line = Line.Text(number, "raw", "r", number, LineKind.Good, planned.Padding) + "\n";
        return new Form(
            RecordKind.Raw, $"/api/v1/prom/write?db={planned.Database}{PolicyOf(planned)}",
            Encoding.UTF8.GetBytes(line), null, 1, IsFaulty: false, EndsWithNewline: false);
    }

    private static Form LineForm(int number, PlannedWrite planned, DateTimeOffset now)
    {
        var text = new StringBuilder();
        foreach ((string measurement, string tag, long time) in planned.Points)
        {
            long? stamp = planned.IsStamped ? time : null;
            text.Append(Line.Text(number, measurement, tag, stamp, LineKind.Good, planned.Padding)).Append('\n');
        }

        if (planned.Odd != LineKind.Good)
            text.Append(Line.Text(number, "m", "a", 1, planned.Odd, 0)).Append('\n');
        if (planned.Form is WriteForm.OpenLines or WriteForm.OpenGzip)
            text.Length--;
        byte[] lines = Encoding.UTF8.GetBytes(text.ToString());
        using var missing = new InsertionPoints();
        BodyScan scan = LineScanner.Scan(lines, Precision.Nanoseconds, missing);
        // What the gateway adds timestamps to goes on as plain lines.
        bool isGzip = planned.Form is WriteForm.Gzip or WriteForm.OpenGzip && missing.Count == 0;
        long nanoseconds = (now - DateTimeOffset.UnixEpoch).Ticks * 100;
        var stamped = new byte[TimestampStamper.StampedLength(lines.Length, missing.Count, nanoseconds)];
        TimestampStamper.Stamp(lines, missing.AsSpan(), nanoseconds, stamped);
        return new Form(
            RecordKind.Write,
            $"/write?db={planned.Database}{PolicyOf(planned)}&consistency={planned.Level.ToString().ToLowerInvariant()}",
            isGzip ? BodyText.Gzip(stamped) : stamped, isGzip ? "gzip" : null, scan.Points,
            IsFaulty: scan.Faults > 0 || scan.EndsOpen || scan.FailsInfluxd, scan.EndsWithNewline);
    }

    /// <summary>What an input makes of a write.</summary>
    private sealed record Form(
        RecordKind Kind, string Target, byte[] Body, string? Encoding, int Points, bool IsFaulty, bool EndsWithNewline);
}
