using System.IO.Compression;
using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.LineProtocol;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A mirrored cluster of scripted destinations, on a clock that the test moves.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Network _network = new();
    private readonly HttpMessageInvoker _invoker;
    private readonly MirrorMetrics _metrics = new();

    public TestCluster(params string[] destinations)
        : this(folder: null, static _ => { }, static disk => disk, destinations)
    {
    }

    private TestCluster(
        string? folder, Action<MirrorOptions> configure, Func<IDisk, IDisk> wrap, string[] destinations,
        TimeSpan later = default)
    {
        Time.Offset = later;
        _invoker = new HttpMessageInvoker(_network);
        // Nothing times out because a busy machine is slow while the clock is moved.
        Options.Delivery.Timeout = TimeSpan.FromDays(1);
        State = new ClusterState("influx", new ClusterModel(new ClusterConfig { ClusterId = "influx" }, _invoker));
        Options.Journal.Durability = folder is null ? Durability.Memory : Durability.Process;
        Options.Journal.ReservePercent = 0;
        Options.Journal.StartPatience = TimeSpan.Zero;
        configure(Options);
        IDisk? disk = folder is null ? null : wrap(new LinuxDisk(folder));
        LinuxDisk? letters = folder is null ? null : new(Path.Combine(folder, JournalFolder.Letters));
        Cluster = new MirroredCluster("influx", () => Options, disk, letters, _metrics, Time, Log);
        if (destinations.Length > 0)
            Found(destinations);
    }

    /// <summary>A cluster whose journal is in a folder; without destinations it begins with <see cref="Found"/>.
    /// </summary>
    public static TestCluster OnDisk(string folder, params string[] destinations) =>
        new(folder, static _ => { }, static disk => disk, destinations);

    /// <summary>A cluster whose journal is on a disk of the test's over a folder.</summary>
    public static TestCluster OnDisk(string folder, Func<IDisk, IDisk> wrap, params string[] destinations) =>
        new(folder, static _ => { }, wrap, destinations);

    /// <summary>A cluster whose journal is in a folder, with other options.</summary>
    public static TestCluster OnDisk(string folder, Action<MirrorOptions> configure, params string[] destinations) =>
        new(folder, configure, static disk => disk, destinations);

    /// <summary>A cluster whose journal is on a disk of the test's over a folder, with other options.</summary>
    public static TestCluster OnDisk(
        string folder, Action<MirrorOptions> configure, Func<IDisk, IDisk> wrap, params string[] destinations) =>
        new(folder, configure, wrap, destinations);

    /// <summary>The same, started so much later by the wall clock.</summary>
    public static TestCluster OnDisk(
        string folder, Action<MirrorOptions> configure, TimeSpan later, params string[] destinations) =>
        new(folder, configure, static disk => disk, destinations, later);

    public TestClock Time { get; } = new();

    public LogLines Log { get; } = new();

    public MirrorOptions Options { get; } = new();

    public ClusterState State { get; }

    public MirroredCluster Cluster { get; }

    public MirrorMetrics Metrics => _metrics;

    public ScriptedDestination this[string destination] => _network.Destinations[destination];

    public Courier Courier(string destination) => Cluster.Find(destination)!;

    /// <summary>The destinations that are there from the start, beside those that were entered.</summary>
    public void Found(params string[] destinations)
    {
        foreach (string destination in destinations)
            Enter(destination);
        Cluster.Follow(State);
    }

    /// <summary>A destination that comes later.</summary>
    public ScriptedDestination Add(string destination, Func<SentRequest, HttpResponseMessage?>? script = null)
    {
        Enter(destination, script);
        Cluster.Follow(State);
        return this[destination];
    }

    /// <summary>
    /// Makes a destination known, for <see cref="Found"/>: it is asked nothing before, and so never without its script.
    /// </summary>
    public void Enter(string destination, Func<SentRequest, HttpResponseMessage?>? script = null)
    {
        _network.Destinations[destination] = new ScriptedDestination
        {
            Script = script ?? ScriptedDestination.Accept,
        };
        State.Destinations[destination] = new DestinationState(
            destination,
            new DestinationModel(new DestinationConfig { Address = $"http://{destination}:8086/" }));
    }

    public void Remove(string destination)
    {
        State.Destinations.TryRemove(destination, out _);
        Cluster.Follow(State);
    }

    /// <summary>Appends a record; its fates are in what comes back.</summary>
    public Fates Append(Func<DeliveryWatch, MirroredRecord> make)
    {
        Fates fates = new();
        fates.Record = make(fates);
        Assert.True(Cluster.TryAppend(fates.Record));
        return fates;
    }

    /// <summary>Appends a record as soon as the journal takes it; housekeeping makes room as time goes on.</summary>
    public Task TakeAsync(MirroredRecord record) =>
        UntilAsync(() => Cluster.TryAppend(record), "there is room", TimeSpan.FromMilliseconds(20));

    /// <summary>
    /// Writes records of 30 KB and more as there is room for them, each durable before the next; and one for the
    /// database "lost" after each so many.
    /// </summary>
    public async Task FillAsync(int from, int to, int lostEach = 0)
    {
        string filler = new('x', 30_000);
        for (int i = from; i <= to; i++)
        {
            MirroredRecord record = Records.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
            await TakeAsync(record);
            if (lostEach > 0 && i % lostEach == 0)
                await TakeAsync(Records.Write("lost", $"l v={i} {i}\n"));
            await Cluster.Journal.WaitSafeAsync(record);
        }
    }

    public Fates Write(string database, string lines, string? retentionPolicy = null, string? user = null) =>
        Append(watch => Records.Write(database, lines, retentionPolicy, user, watch: watch));

    public Fates Statement(string query, params string[] databases) =>
        Append(watch => Records.Statement(query, databases, watch));

    public Fates Raw(string database = "prom", string body = "x") =>
        Append(watch => Records.Raw(database, body, watch));

    /// <summary>
    /// Waits until something is so, while the clock runs <paramref name="step"/> each millisecond; what is much work
    /// may take <paramref name="patience"/> times as long.
    /// </summary>
    public async Task UntilAsync(Func<bool> condition, string what, TimeSpan step = default, int patience = 1)
    {
        using CancellationTokenSource late = new(Patience * patience);
        while (!condition())
        {
            Assert.False(late.IsCancellationRequested, $"waited in vain until {what}");
            if (step > TimeSpan.Zero)
                Time.Advance(step);
            await Task.Delay(1, CancellationToken.None);
        }
    }

    /// <summary>Waits while the clock runs fast.</summary>
    public Task EventuallyAsync(Func<bool> condition, string what, int patience = 1) =>
        UntilAsync(condition, what, TimeSpan.FromMilliseconds(250), patience);

    /// <summary>Lets so much time go by.</summary>
    public Task PassAsync(TimeSpan time, TimeSpan step)
    {
        long began = Time.GetTimestamp();
        return UntilAsync(() => Time.GetElapsedTime(began) >= time, "time goes on", step);
    }

    /// <summary>Waits until nothing is pending anywhere, parked records apart.</summary>
    public Task QuietAsync() => QuietAsync(TimeSpan.FromMilliseconds(250));

    /// <summary>The same while the clock runs <paramref name="step"/> each millisecond.</summary>
    public async Task QuietAsync(TimeSpan step)
    {
        // The two numbers are not read at one moment: only several equal readings in a row mean something.
        int quiet = 0;
        await UntilAsync(
            () =>
            {
                bool now = Cluster.Couriers.All(
                    static one => one.Tally.Pending == one.Tally.Parked && !one.IsBehind);
                quiet = now ? quiet + 1 : 0;
                return quiet > 3;
            },
            "everything that is not parked has its fate",
            step);
    }

    /// <summary>accepted = delivered + pending + rejected + dropped.</summary>
    public void AssertAccounts()
    {
        foreach (Courier courier in Cluster.Couriers)
        {
            CourierTally tally = courier.Tally;
            Assert.Equal(tally.Accepted, tally.Delivered + tally.Pending + tally.Rejected + tally.Dropped);
        }
    }

    /// <summary>While records come and go only this much is sure.</summary>
    public void AssertPendingIsNotNegative() => Assert.All(
        Cluster.Couriers, static courier => Assert.True(courier.Tally is { Pending: >= 0, Parked: >= 0 }));

    public async ValueTask DisposeAsync()
    {
        await Cluster.CloseAsync(new CancellationToken(canceled: true)).WaitAsync(Patience);
        await Cluster.CloseJournalAsync().WaitAsync(Patience);
        _invoker.Dispose();
        _metrics.Dispose();
    }

    /// <summary>Routes by the name in the address.</summary>
    private sealed class Network : HttpMessageHandler
    {
        // Names of hosts have no case.
        public Dictionary<string, ScriptedDestination> Destinations { get; } =
            new(StringComparer.OrdinalIgnoreCase);

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            Destinations[request.RequestUri!.Host].SendAsync(request, cancellationToken);
    }
}

/// <summary>A clock that the test moves, and whose wall time may jump.</summary>
internal sealed class TestClock : FakeTimeProvider
{
    /// <summary>By how much the wall clock is off.</summary>
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}

/// <summary>Records as the inputs make them.</summary>
internal static class Records
{
    public static MirroredRecord Write(
        string database, string lines, string? retentionPolicy = null, string? user = null, bool gzip = false,
        bool alone = false, string client = "10.0.0.1", Precision precision = Precision.Nanoseconds,
        DeliveryWatch? watch = null)
    {
        string query = $"?db={database}"
            + (retentionPolicy is null ? "" : $"&rp={retentionPolicy}")
            + (precision == Precision.Nanoseconds ? "" : $"&precision={precision.ToQueryText()}");
        byte[] bytes = Encoding.UTF8.GetBytes(lines);
        return new MirroredRecord(SharedBuffer.Copy(gzip ? Gzip(bytes) : bytes))
        {
            Kind = RecordKind.Write,
            Target = new WriteTarget
            {
                PathAndQuery = "/write" + query,
                Authorization = user is null ? null : $"Basic {user}",
                Database = database,
                RetentionPolicy = retentionPolicy,
                Precision = precision,
                Account = user ?? "",
            },
            ContentEncoding = gzip ? "gzip" : null,
            Points = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length,
            EndsWithNewline = lines.EndsWith('\n'),
            SendAlone = alone,
            Client = client,
            Watch = watch,
        };
    }

    public static MirroredRecord Statement(string query, string[] databases, DeliveryWatch? watch = null) =>
        new(SharedBuffer.Rent(0))
        {
            Kind = RecordKind.Statement,
            Target = new WriteTarget
            {
                PathAndQuery = "/query?q=" + Uri.EscapeDataString(query),
                Authorization = null,
                Database = databases.FirstOrDefault() ?? "",
                RetentionPolicy = null,
                Precision = Precision.Nanoseconds,
                Account = "",
            },
            Points = 1,
            SendAlone = true,
            Scope = new StatementScope(
                databases, databases.Length == 0, query.StartsWith("D", StringComparison.Ordinal)),
            Watch = watch,
        };

    public static MirroredRecord Raw(string database, string body, DeliveryWatch? watch = null) =>
        new(SharedBuffer.Copy(Encoding.UTF8.GetBytes(body)))
        {
            Kind = RecordKind.Raw,
            Target = new WriteTarget
            {
                PathAndQuery = "/api/v1/prom/write?db=" + database,
                Authorization = null,
                Database = database,
                RetentionPolicy = null,
                Precision = Precision.Nanoseconds,
                Account = "",
            },
            ContentType = "application/x-protobuf",
            Points = 1,
            SendAlone = true,
            Watch = watch,
        };

    public static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream result = new();
        using (GZipStream gzip = new(result, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return result.ToArray();
    }
}
