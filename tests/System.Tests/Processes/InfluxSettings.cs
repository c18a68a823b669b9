namespace Gateway.SystemTests.Processes;

/// <summary>How a test wants its influxd.</summary>
internal sealed record InfluxSettings
{
    /// <summary>What messages call it.</summary>
    public string Name { get; init; } = "influxd";

    /// <summary>Requires a user for everything but /ping; an administrator is made at the first start.</summary>
    public bool Authentication { get; init; }

    /// <summary>max-body-size in bytes; 0 is no limit.</summary>
    public int MaxBodySize { get; init; } = 25_000_000;

    /// <summary>Serves https with this certificate (PEM files).</summary>
    public Certificate? Certificate { get; init; }
}
