namespace Gateway.SystemTests.Setup;

/// <summary>What a test wants of its two servers and its gateway.</summary>
internal sealed class LabOptions
{
    /// <summary>Put a <see cref="FaultyServer"/> in front of each influxd.</summary>
    public bool Proxied { get; init; }

    public InfluxSettings A { get; init; } = new() { Name = "a" };

    public InfluxSettings B { get; init; } = new() { Name = "b" };

    /// <summary>A third server, for tests of quorum; null for none.</summary>
    public InfluxSettings? C { get; init; }

    public GatewayConfiguration Configuration { get; init; } = new();

    /// <summary>Databases made through the gateway before the test begins.</summary>
    public string[] Databases { get; init; } = ["db1"];
}
