using InfluxMirror;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Reads;
using InfluxMirror.Telemetry;
using InfluxMirror.Writes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// One life of the gateway, from a start on what the disks hold to its stop or kill: the real cluster, writer and
/// routing of reads, on a clock of its own.
/// </summary>
internal sealed class GatewayLife
{
    private static readonly MirrorMetrics Metrics = new();

    private readonly HttpMessageInvoker _invoker;
    private readonly ReadRouting _reads;

    /// <summary>Starts it.</summary>
    /// <param name="world">The world it lives in.</param>
    /// <param name="number">Which life it is.</param>
    /// <param name="now">The time.</param>
    public GatewayLife(World world, int number, DateTimeOffset now)
    {
        Number = number;
        Time = new FakeTimeProvider(now);
        Line = new Lifeline(world.Gate);
        var options = new FixedOptions(OptionsOf(world.Plan));
        _invoker = new HttpMessageInvoker(new Network(world, this));
        State = new ClusterState("influx", new ClusterModel(new ClusterConfig { ClusterId = "influx" }, _invoker));
        Cluster = new MirroredCluster(
            "influx", () => options.CurrentValue, new KillableDisk(world.JournalDisk, Line),
            new KillableDisk(world.LetterDisk, Line), Metrics, Time, new FaultLog(world.Ledger, number));
        Line.LastLook = () => DurableAtEnd = Log.DurableThrough;
        Writer = new MirrorWriter(options, Metrics, Time, NullLogger<MirrorWriter>.Instance);
        Freshness freshness = new(options, Time, NullLogger<Freshness>.Instance);
        _reads = new ReadRouting(freshness, new ReadsUnderWay(freshness), Metrics, Time);
        foreach (string destination in world.Members)
            Enter(destination);
        Cluster.Follow(State);
        Accepted = Cluster.Couriers.ToDictionary(static one => one, static one => one.Tally.Accepted);
    }

    public int Number { get; }

    public FakeTimeProvider Time { get; }

    public Lifeline Line { get; }

    public ClusterState State { get; }

    public MirroredCluster Cluster { get; }

    public MirrorWriter Writer { get; }

    /// <summary>Points in the account of each courier when it was there from the start, and accepted since.</summary>
    public Dictionary<Courier, long> Accepted { get; }

    /// <summary>What was durable as it was killed.</summary>
    public long DurableAtEnd { get; private set; }

    public SegmentLog Log => Cluster.Journal.Store!.Log;

    /// <summary>Nothing is on its way to or from its disks.</summary>
    public bool IsDiskQuiet => Log.IsAtRest && Cluster.Letters.IsAtRest;

    /// <summary>The destinations that a read of a database may go to now.</summary>
    public async Task<IReadOnlyList<Courier>> ReadersAsync(string database)
    {
        List<Candidate> candidates = await _reads.CandidatesAsync(
            Cluster, [.. State.Destinations.Values], new ReadScope([database], NamesNone: false));
        return candidates.ConvertAll(static candidate => candidate.Courier);
    }

    public void Add(string destination)
    {
        Enter(destination);
        Cluster.Follow(State);
    }

    public void Remove(string destination)
    {
        State.Destinations.TryRemove(destination, out _);
        Cluster.Follow(State);
    }

    /// <summary>Ends it as a stop does, or lets go of what is left of a killed one.</summary>
    public async Task CloseAsync(CancellationToken patience)
    {
        await Cluster.CloseAsync(patience);
        await Cluster.CloseJournalAsync();
        Line.Cut();
        _invoker.Dispose();
    }

    private static MirrorOptions OptionsOf(Plan plan)
    {
        var options = new MirrorOptions();
        options.Journal.Durability = plan.OnlyProcess ? Durability.Process : Durability.Disk;
        options.Journal.MaxBytes = (plan.IsCrowded ? 256 : 512) * 1024;
        options.Journal.LimitPolicy = plan.GivesWay ? LimitPolicy.DropOldest : LimitPolicy.Reject;
        options.Journal.ReservePercent = 0;
        options.Journal.StartPatience = TimeSpan.Zero;
        options.Journal.MaxAge = plan.Expires ? TimeSpan.FromSeconds(3) : null;
        if (plan.IsTight)
        {
            options.Delivery.Memory = new DeliveryMemory
            {
                LookAhead = 16 * 1024,
                Standing = 3 * 1024,
                Loaded = 6 * 1024,
                LeastLoaded = 2 * 1024,
                Parked = 4 * 1024,
                OnTrial = 4 * 1024,
            };
        }

        // A read finds out at once who has what it needs.
        options.Reads.ReadYourWrites = TimeSpan.Zero;
        return options;
    }

    private void Enter(string destination) => State.Destinations[destination] = new DestinationState(
        destination, new DestinationModel(new DestinationConfig { Address = $"http://{destination}:8086/" }));

    private sealed class FixedOptions(MirrorOptions options) : IOptionsMonitor<MirrorOptions>
    {
        public MirrorOptions CurrentValue => options;

        public MirrorOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<MirrorOptions, string?> listener) => null;
    }

    /// <summary>The gateway's log: a fault of its own is a broken promise, whatever came of it.</summary>
    private sealed class FaultLog(Ledger ledger, int number) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
                ledger.News.Enqueue($"life {number}: {formatter(state, exception)}");
            if (exception is not (null or DiskException))
                ledger.Complain($"a fault of the gateway: {formatter(state, exception)} {exception}");
        }
    }

    /// <summary>The network as this life has it: nothing of it arrives anywhere once the life is over.</summary>
    private sealed class Network(World world, GatewayLife life) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            byte[] body = request.Content is not { } content ? [] : BodyText.Read(
                await content.ReadAsByteArrayAsync(cancellationToken),
                content.Headers.ContentEncoding.SingleOrDefault());
            SimulatedDestination destination = world.Destinations[request.RequestUri!.Host];
            Courier? courier = life.Cluster.Find(destination.Name);
            string[] parked = [.. Plan.Databases.Where(database => courier?.IsParked(database) ?? false)];
            Task<HttpResponseMessage>? answer = null;
            if (!life.Line.TryDo(() => answer = destination.Receive(request, body, parked, cancellationToken)))
                throw new HttpRequestException(HttpRequestError.ConnectionError, "the gateway was killed");
            return await answer!;
        }
    }
}
