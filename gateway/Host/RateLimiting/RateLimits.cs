using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.RateLimiting;
using InfluxMirror.Inputs;
using Gateway.Telemetry;
using Microsoft.AspNetCore.RateLimiting;

namespace Gateway.RateLimiting;

/// <summary>The policies in force, as the framework's limiter asks for them with each request.</summary>
internal sealed class RateLimits(RateLimitingOptions initial, GatewayMetrics metrics, TimeProvider time)
{
    // A partition outlives its window by far, so that leaving and coming back refills no bucket.
    private const int IdleWindows = 4;
    private static readonly TimeSpan MinIdle = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, PartitionRoster> _rosters = new(StringComparer.Ordinal);
    private volatile RateLimitingOptions _current = initial;

    public void Swap(RateLimitingOptions options) => _current = options;

    /// <summary>Registers the policies by name; their limits are looked up with each request.</summary>
    public void Register(RateLimiterOptions limiter)
    {
        foreach (string name in _current.Policies.Keys)
        {
            metrics.AnnounceRateLimit(name);
            limiter.AddPolicy(name, context => PartitionFor(name, context));
        }
        limiter.OnRejected = (context, cancellation) => RejectAsync(context, cancellation);
    }

    /// <summary>The partition a request counts against.</summary>
    internal RateLimitPartition<PartitionKey> PartitionFor(string name, HttpContext context)
    {
        RateLimitingOptions options = _current;
        RateLimitPolicy policy = options.Policies[name];
        TimeSpan idle = policy.Window * IdleWindows;
        string member = _rosters.GetOrAdd(name, static (_, clock) => new PartitionRoster(clock), time).Admit(
            RequestPartition.Of(context, policy.Partition), options.MaxPartitions, idle > MinIdle ? idle : MinIdle);

        // The limits are part of the key: the framework keeps a limiter as long as its key is used, so that changed
        // limits would not reach a busy client otherwise.
        PartitionKey key = new(name, member, policy);
        return policy.Algorithm switch
        {
            RateLimitAlgorithm.TokenBucket => RateLimitPartition.GetTokenBucketLimiter(key, TokenBucket),
            RateLimitAlgorithm.FixedWindow => RateLimitPartition.GetFixedWindowLimiter(key, FixedWindow),
            RateLimitAlgorithm.SlidingWindow => RateLimitPartition.GetSlidingWindowLimiter(key, SlidingWindow),
            _ => RateLimitPartition.GetConcurrencyLimiter(key, Concurrency),
        };
    }

    private static TokenBucketRateLimiterOptions TokenBucket(PartitionKey key) => new()
    {
        TokenLimit = key.Policy.PermitLimit,
        TokensPerPeriod = key.Policy.TokensPerPeriod ?? key.Policy.PermitLimit,
        ReplenishmentPeriod = key.Policy.Window,
        QueueLimit = key.Policy.QueueLimit,
    };

    private static FixedWindowRateLimiterOptions FixedWindow(PartitionKey key) => new()
    {
        PermitLimit = key.Policy.PermitLimit,
        Window = key.Policy.Window,
        QueueLimit = key.Policy.QueueLimit,
    };

    private static SlidingWindowRateLimiterOptions SlidingWindow(PartitionKey key) => new()
    {
        PermitLimit = key.Policy.PermitLimit,
        Window = key.Policy.Window,
        SegmentsPerWindow = key.Policy.SegmentsPerWindow,
        QueueLimit = key.Policy.QueueLimit,
    };

    private static ConcurrencyLimiterOptions Concurrency(PartitionKey key) => new()
    {
        PermitLimit = key.Policy.PermitLimit,
        QueueLimit = key.Policy.QueueLimit,
    };

    private async ValueTask RejectAsync(OnRejectedContext rejected, CancellationToken cancellation)
    {
        string policy = rejected.HttpContext.GetEndpoint()?.Metadata
            .GetMetadata<EnableRateLimitingAttribute>()?.PolicyName ?? "";
        metrics.CountRateLimited(policy);
        rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait);
        string seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        rejected.HttpContext.Response.Headers.RetryAfter = seconds;
        await InfluxAnswer.ErrorAsync(
            rejected.HttpContext, _current.RejectionStatusCode, $"rate limit exceeded, retry after {seconds} s",
            version: null);
    }
}

/// <summary>What tells one limiter of the framework from another.</summary>
internal readonly record struct PartitionKey(string PolicyName, string Member, RateLimitPolicy Policy);
