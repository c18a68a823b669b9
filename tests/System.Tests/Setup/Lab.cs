namespace Gateway.SystemTests.Setup;

/// <summary>Two influxd, called a and b, or three, behind one gateway; everything ends with the test.</summary>
internal sealed class Lab : IAsyncDisposable
{
    private readonly List<InfluxServer> servers = [];
    private readonly List<FaultyServer> proxies = [];
    private GatewayProcess? gateway;

    private Lab()
    {
    }

    public InfluxServer A => servers[0];

    public InfluxServer B => servers[1];

    public InfluxServer C => servers[2];

    public FaultyServer ProxyA => proxies[0];

    public FaultyServer ProxyB => proxies[1];

    public FaultyServer ProxyC => proxies[2];

    public GatewayProcess Gateway => gateway!;

    /// <summary>A client of the gateway.</summary>
    public InfluxClient Client => Gateway.Client;

    public static async Task<Lab> StartAsync(LabOptions? options = null)
    {
        options ??= new LabOptions();
        Lab lab = new();
        try
        {
            await lab.StartServersAsync(options);
            lab.gateway = await GatewayProcess.StartAsync(options.Configuration);
            lab.Client.Authorization = lab.A.Client.Authorization;
            foreach (string db in options.Databases)
                await lab.Client.MustQueryAsync($"CREATE DATABASE {PointDump.Quoted(db)}");
            if (options.Databases.Length > 0)
                await lab.Gateway.SettledAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>A write that the gateway must confirm with 204.</summary>
    public async Task WriteAsync(string db, string lines, string more = "") =>
        (await Client.WriteAsync(db, lines, more)).MustBe(204);

    /// <summary>
    /// The end of every test: nothing is pending, all servers hold the same databases, policies, users and points,
    /// and the accounting holds.
    /// </summary>
    /// <param name="bound">How long what is pending may take.</param>
    /// <param name="expected">Lines of a database that may differ.</param>
    public async Task AssertConvergedAsync(TimeSpan? bound = null, Func<string, string, bool>? expected = null)
    {
        await Gateway.SettledAsync(bound);
        string schema = await ServerSchema.ReadAsync(A.Client);
        foreach (InfluxServer other in servers.Skip(1))
            Assert.Equal(schema, await ServerSchema.ReadAsync(other.Client));
        await AssertSamePointsAsync(expected);
        await Gateway.AssertAccountingAsync();
    }

    /// <summary>Point by point, except what the test expects to differ.</summary>
    public Task AssertSamePointsAsync(Func<string, bool> expected) =>
        AssertSamePointsAsync((_, line) => expected(line));

    /// <summary>Point by point, except lines of a database that may differ.</summary>
    public async Task AssertSamePointsAsync(Func<string, string, bool>? expected = null)
    {
        foreach (string db in await ServerSchema.DatabasesAsync(A.Client))
        {
            PointDump first = await A.PointsAsync(db);
            foreach (InfluxServer other in servers.Skip(1))
            {
                PointDump second = await other.PointsAsync(db);
                PointComparison.AssertEqual(
                    expected is null ? first : first.Without(line => expected(db, line)),
                    expected is null ? second : second.Without(line => expected(db, line)));
            }
        }
    }

    /// <summary>Nobody lacks anything: nothing was dropped, and no destination needs a resync.</summary>
    public async Task AssertWholeAsync()
    {
        MetricsPage page = await Gateway.MetricsAsync();
        foreach (string destination in Gateway.Configuration.Destinations.Keys)
        {
            double dropped = page.Of(MetricNames.Dropped, destination);
            double resync = page.Of(MetricNames.NeedsResync, destination);
            Assert.True(
                (dropped, resync) == (0, 0),
                $"{destination}: {dropped} dropped, needs resync {resync}\n" + string.Join(
                    '\n', Gateway.WholeLog.Split('\n').Where(line => line.Contains("it needs a resync")
                        || line.Contains("are dropped") || line.Contains("not in the journal"))));
        }
    }

    /// <summary>Waits until a destination has this many points rejected.</summary>
    public Task RejectedAsync(string destination, int points) =>
        Eventually.ReasonGoneAsync($"{points} points are rejected for {destination}", async () =>
        {
            double rejected = (await Gateway.MetricsAsync()).Of(MetricNames.Rejected, destination);
            return rejected == points ? null : $"{rejected} are\n{Gateway.LogTail()}";
        });

    /// <summary>Waits until one record is set aside for a destination.</summary>
    public Task SetAsideAsync(string destination) =>
        Eventually.ReasonGoneAsync($"a record is set aside for {destination}", async () =>
        {
            double records = (await Gateway.MetricsAsync()).Of(MetricNames.SetAside, destination);
            return records == 1 ? null : $"{records} are\n{Gateway.LogTail()}";
        });

    /// <summary>Waits until a destination has at least this many points pending.</summary>
    public Task PendingAsync(string destination, int points) =>
        Eventually.ReasonGoneAsync($"{points} points are pending for {destination}", async () =>
        {
            double pending = (await Gateway.MetricsAsync()).Of(MetricNames.Pending, destination);
            return pending >= points ? null : $"{pending} are\n{Gateway.LogTail()}";
        });

    public async ValueTask DisposeAsync()
    {
        if (gateway is not null)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"gateway's log:\n{gateway.Log}");
            await gateway.DisposeAsync();
        }

        foreach (FaultyServer proxy in proxies)
            await proxy.DisposeAsync();
        foreach (InfluxServer server in servers)
            await server.DisposeAsync();
    }

    private async Task StartServersAsync(LabOptions options)
    {
        InfluxSettings[] settings = options.C is null ? [options.A, options.B] : [options.A, options.B, options.C];
        foreach (Task<InfluxServer> starting in settings.Select(InfluxServer.StartAsync).ToArray())
        {
            InfluxServer server = await starting;
            servers.Add(server);
            Uri address = server.Address;
            if (options.Proxied)
            {
                proxies.Add(new FaultyServer(address));
                address = proxies[^1].Address;
            }

            options.Configuration.Destinations[server.Name] = address.ToString();
        }
    }
}
