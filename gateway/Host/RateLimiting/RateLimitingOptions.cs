using System.ComponentModel.DataAnnotations;

namespace Gateway.RateLimiting;

/// <summary>Rate limiting: policies that routes name with YARP's <c>RateLimiterPolicy</c>.</summary>
internal sealed class RateLimitingOptions
{
    /// <summary>
    /// Status of a refused request. Default 503: Telegraf drops points for good on every 4xx, 429 included.
    /// </summary>
    [Range(400, 599)]
    public int RejectionStatusCode { get; set; } = 503;

    /// <summary>Clients, databases or users that have a limit of their own, per policy; the rest share one.</summary>
    [Range(1, 1_000_000)]
    public int MaxPartitions { get; set; } = 10_000;

    /// <summary>The policies, by name. Names cannot be added or removed while the gateway runs.</summary>
    public Dictionary<string, RateLimitPolicy> Policies { get; set; } = [];
}

/// <summary>One policy. A value: two policies with the same limits are equal.</summary>
internal sealed record RateLimitPolicy
{
    /// <summary>How requests are counted.</summary>
    public RateLimitAlgorithm Algorithm { get; set; } = RateLimitAlgorithm.TokenBucket;

    /// <summary>Who has a limit of their own.</summary>
    public RateLimitPartitioning Partition { get; set; } = RateLimitPartitioning.Client;

    /// <summary>
    /// Requests allowed: in a window, at once (Concurrency), or in a burst (TokenBucket). Has to be given.
    /// </summary>
    [Range(1, 1_000_000_000)]
    public int PermitLimit { get; set; }

    /// <summary>The window; for TokenBucket the time after which tokens are added. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>TokenBucket: tokens added after each window. Default: as many as PermitLimit.</summary>
    [Range(1, 1_000_000_000)]
    public int? TokensPerPeriod { get; set; }

    /// <summary>SlidingWindow: parts the window is divided into. Default 4.</summary>
    [Range(2, 100)]
    public int SegmentsPerWindow { get; set; } = 4;

    /// <summary>Requests that wait for a permit instead of being refused. Default 0.</summary>
    [Range(0, 100_000)]
    public int QueueLimit { get; set; }
}

/// <summary>How requests are counted; the framework's four limiters.</summary>
internal enum RateLimitAlgorithm
{
    TokenBucket,
    FixedWindow,
    SlidingWindow,
    Concurrency,
}

/// <summary>Who has a limit of their own.</summary>
internal enum RateLimitPartitioning
{
    /// <summary>Each client address.</summary>
    Client,

    /// <summary>Each database named in the URL.</summary>
    Database,

    /// <summary>Each user named in the request; names are not verified.</summary>
    User,

    /// <summary>Nobody: all requests share the limit.</summary>
    None,
}
