using System.ComponentModel.DataAnnotations;

namespace InfluxMirror.Delivery;

/// <summary>How records travel from the journal to a destination.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Time a destination has to answer one write; influxdb-relay's <c>timeout</c>. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time a destination has to run one statement. Default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Size, in KiB, up to which waiting writes are merged into one request. Default 1024.</summary>
    [Range(1, 20_000)]
    public int MaxBatchKB { get; set; } = 1024;

    /// <summary>First delay before a failed request is repeated; doubles with each failure. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan InitialDelayInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest delay between repetitions; influxdb-relay's <c>max-delay-interval</c>. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan MaxDelayInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests under way at once per destination. Default 32.</summary>
    [Range(1, 1024)]
    public int MaxConcurrentSends { get; set; } = 32;

    /// <summary>
    /// Server errors (5xx) one record may earn before it is set aside, if another record of its lane succeeds.
    /// Default 5.
    /// </summary>
    [Range(1, 1000)]
    public int MaxServerErrors { get; set; } = 5;

    /// <summary>Time between two tries of a parked database, retention policy or account. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00")]
    public TimeSpan ParkedRetryInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// MiB a second that a destination which is behind is given from the journal on disk at most; 0 for no bound.
    /// Default 0.
    /// </summary>
    [Range(0, 100_000)]
    public int MaxCatchUpMBPerSecond { get; set; }

    /// <summary>
    /// Dead letters kept, in MiB; the oldest goes first, and is counted. The newest is kept also when it alone is
    /// larger. Default 16.
    /// </summary>
    [Range(1, 65_536)]
    public int DeadLettersMB { get; set; } = 16;

    /// <summary>Not configured.</summary>
    internal DeliveryMemory Memory { get; set; } = new();
}
