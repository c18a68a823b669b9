using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// A destination: an influxd that conducts itself as the plan says. All state belongs to the world's lock, so that
/// what it executes happens at one moment, before or after the end of a gateway's life.
/// </summary>
internal sealed class SimulatedDestination(string name, Ledger ledger)
{
    private readonly List<Held> _held = [];
    private readonly HashSet<ClientRequest> _executed = [];
    private Conduct _conduct;
    private int _times;

    public string Name { get; } = name;

    public SimulatedInflux Influx { get; } = new();

    /// <summary>Requests that have come, and answers that have gone.</summary>
    public int Traffic { get; private set; }

    /// <summary>How it meets so many requests from now on.</summary>
    public void Behave(Conduct conduct, int times) => (_conduct, _times) = (conduct, times);

    /// <summary>Goes on with what it keeps, and answers from now on.</summary>
    public void Release()
    {
        (_conduct, _times) = (Conduct.Answers, 0);
        foreach (Held held in _held.ToArray())
            held.Answer(this);
        _held.Clear();
    }

    /// <summary>It ends: what is under way is lost, and nobody listens until it is back.</summary>
    public void Vanish()
    {
        (_conduct, _times) = (Conduct.IsDown, int.MaxValue);
        foreach (ClientRequest lost in _held.SelectMany(static held => held.Parts))
            lost.At(Name).HasVanished = true;
        Disconnect();
    }

    /// <summary>The gateway at the other end is gone, and with it the requests that wait.</summary>
    public void Disconnect()
    {
        foreach (Held held in _held.ToArray())
            held.Lose();
        _held.Clear();
    }

    /// <summary>A request of a life that is not over, which has parked what is for some databases.</summary>
    public Task<HttpResponseMessage> Receive(
        HttpRequestMessage message, byte[] body, IReadOnlyList<string> parked, CancellationToken cancellation)
    {
        Traffic++;
        // Whoever is ill answers it all the same.
        if (message.RequestUri!.AbsolutePath == "/ping")
            return _conduct == Conduct.IsDown ? throw Refused() : Task.FromResult(Response(204));
        var request = Request.Read(message, body, ledger);
        // It passes what is parked before it: because the database is missing, or was when that was found out.
        if (request.Parts is [{ Statement: not null } statement])
            ledger.NoteParked(this, statement, parked);
        Conduct conduct = Next();
        string numbers = string.Join(" ", request.Parts.Select(static one => $"#{one.Number}"));
        ledger.News.Enqueue($"{Name} is sent {numbers}, and {conduct}");
        switch (conduct)
        {
            case Conduct.IsDown:
                throw Refused();
            case Conduct.LosesBefore:
                Fail(request);
                throw Lost();
            case Conduct.LosesAfter:
                Execute(request);
                Fail(request);
                throw Lost();
            case Conduct.IsBusy:
                Fail(request);
                return Task.FromResult(Response(503, "request throttled, queue full"));
            case Conduct.Refuses:
                NoteRefusal(request);
                return Task.FromResult(Response(400, "this server refuses everything for now"));
            case Conduct.Stalls or Conduct.StallsAfter:
                var held = new Held(request, conduct == Conduct.Stalls ? null : Execute(request));
                _held.Add(held);
                return held.WaitAsync(this, cancellation);
            default:
                return Task.FromResult(Execute(request));
        }
    }

    private static HttpRequestException Refused() => new(HttpRequestError.ConnectionError, "connection refused");

    private static HttpRequestException Lost() => new(HttpRequestError.ResponseEnded, "the response ended");

    private static HttpResponseMessage Response(int status, string error = "", string body = "")
    {
        if (error.Length > 0)
            body = JsonSerializer.Serialize(new { error });
        var response = new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        response.Headers.Add("X-Influxdb-Version", "1.6.7");
        return response;
    }

    private Conduct Next()
    {
        Conduct now = _conduct;
        if (_times != int.MaxValue && --_times <= 0)
            _conduct = Conduct.Answers;
        return now;
    }

    private void Fail(Request request)
    {
        foreach (ClientRequest one in request.Parts)
        {
            one.At(Name).Failures++;
            one.At(Name).HasFailedLast = true;
        }
    }

    private void NoteRefusal(Request request)
    {
        if (request.Parts is [var only])
            (only.At(Name).IsRefused, only.At(Name).HasFailedLast) = (true, false);
    }

    private HttpResponseMessage Execute(Request request)
    {
        if (request.Parts is [{ Statement: { } statement } one])
        {
            NoteExecution(one);
            return Response(200, body: Influx.Execute(statement));
        }

        (int status, string error) = Influx.Write(request.Parts[0], request.Lines);
        if (status is 401 or 404 or 500)
        {
            foreach (ClientRequest parked in request.Parts)
                parked.At(Name).IsParked = true;
        }
        else if (status == 204 || error.StartsWith("partial write", StringComparison.Ordinal))
        {
            foreach (ClientRequest part in request.Parts)
                NoteExecution(part);
        }

        if (status == 400)
            NoteRefusal(request);
        return Response(status, error);
    }

    /// <summary>Checks the order in which requests are executed, and notes this one.</summary>
    private void NoteExecution(ClientRequest request)
    {
        Treatment treatment = request.At(Name);
        bool isFirst = treatment.Executions++ == 0;
        treatment.IsWitness = ledger.HasSuspectBefore(this, request);
        treatment.HasFailedLast = false;
        // Beside the order are: what was parked; what is suspect, which the next one is tried before; dead letters;
        // what was taken back when its client was told of a refusal, and comes again after a kill.
        bool isExcused = request.Outcome == WriteOutcome.Refused || treatment.IsParked || treatment.IsRefused
            || treatment.IsRetried || treatment.HasVanished || treatment.Failures > 2
            || (ledger.GivesWay && request.Statement is null);
        foreach (string database in Plan.Databases.Where(request.Concerns))
        {
            int newest = _executed.Where(one => one.Concerns(database) && one.IsInOrderWith(request))
                .Select(static one => one.Number).DefaultIfEmpty().Max();
            // A write may be repeated behind what came later, and that follows once more; a statement may not.
            if (newest > request.Number && !isExcused && (isFirst || request.Statement is not null)
                && !ledger.IsExcusedBefore(this, database, request, newest))
                ledger.Complain($"I2: {Name} executed #{newest} before #{request.Number} of database {database}");
        }

        _executed.Add(request);
    }

    /// <summary>A request that was not answered yet.</summary>
    private sealed class Held(Request request, HttpResponseMessage? done)
    {
        private readonly TaskCompletionSource<HttpResponseMessage> _answer =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<HttpResponseMessage> WaitAsync(SimulatedDestination owner, CancellationToken cancellation)
        {
            // Who is called off does not execute any more: a server sees that the connection has gone.
            using CancellationTokenRegistration calledOff =
                cancellation.Register(() => owner.CallOff(this, cancellation));
            return await _answer.Task;
        }

        public void Answer(SimulatedDestination by)
        {
            by.Traffic++;
            _answer.TrySetResult(done ?? by.Execute(request));
        }

        public IReadOnlyList<ClientRequest> Parts => request.Parts;

        public void Lose() => _answer.TrySetException(Lost());

        public void CallOff(CancellationToken cancellation) => _answer.TrySetCanceled(cancellation);
    }

    private void CallOff(Held held, CancellationToken cancellation)
    {
        lock (ledger.Gate)
        {
            Traffic++;
            _held.Remove(held);
        }

        held.CallOff(cancellation);
    }

    /// <summary>A request as it came: one record, or several that were merged.</summary>
    private sealed record Request(IReadOnlyList<ClientRequest> Parts, IReadOnlyList<Line> Lines)
    {
        public static Request Read(HttpRequestMessage message, byte[] body, Ledger ledger)
        {
            string target = message.RequestUri!.PathAndQuery;
            string? authorization = message.Headers.Authorization?.ToString();
            if (target.StartsWith("/query", StringComparison.Ordinal))
            {
                int number = int.Parse(target[(target.LastIndexOf('=') + 1)..], CultureInfo.InvariantCulture);
                ClientRequest statement = ledger.Find(number);
                ledger.Compare(statement, target, authorization, "");
                return new Request([statement], []);
            }

            List<ClientRequest> parts = [];
            List<Line> lines = [];
            var text = new StringBuilder();
            foreach (string line in Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Line parsed = Line.Parse(line);
                lines.Add(parsed);
                if (parts.Count == 0 || parts[^1].Number != parsed.Request)
                {
                    CompareLast();
                    parts.Add(ledger.Find(parsed.Request));
                }

                text.Append(line).Append('\n');
            }

            CompareLast();
            if (parts.Count > 1 && parts.Exists(static one => one.IsRaw))
                ledger.Complain($"I6: #{parts[0].Number} was sent together with another one");
            return new Request(parts, lines);

            void CompareLast()
            {
                if (parts.Count > 0)
                    ledger.Compare(parts[^1], target, authorization, text.ToString());
                text.Clear();
            }
        }
    }
}
