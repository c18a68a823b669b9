using System.ComponentModel.DataAnnotations;
using Gateway.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Listeners;

/// <summary>Kestrel's limits, with the defaults a gateway for InfluxDB needs. Section <c>Kestrel:Limits</c>.</summary>
internal sealed class ListenerLimits
{
    public const string Section = "Kestrel:Limits";

    /// <summary>
    /// Largest request body, in bytes. Default none: the mirror's own reader enforces <c>Mirror:Writes:MaxBodySize</c>
    /// and answers 413 as influxd does.
    /// </summary>
    [Range(0, 1_099_511_627_776)]
    public long? MaxRequestBodySize { get; set; }

    /// <summary>Longest request line, in bytes: long queries come by GET. Default 1 MiB.</summary>
    [Range(1024, 67_108_864)]
    public int MaxRequestLineSize { get; set; } = 1_048_576;

    /// <summary>Largest sum of all request headers, in bytes. Default 1 MiB.</summary>
    [Range(1024, 67_108_864)]
    public int MaxRequestHeadersTotalSize { get; set; } = 1_048_576;

    /// <summary>Most headers in a request. Default 100.</summary>
    [Range(10, 10_000)]
    public int MaxRequestHeaderCount { get; set; } = 100;

    /// <summary>Bytes of a request held before its sender is held back. Default 1 MiB.</summary>
    [Range(1024, 1_073_741_824)]
    public long MaxRequestBufferSize { get; set; } = 1_048_576;

    /// <summary>Bytes of an answer held before its writer is held back. Default 64 KiB.</summary>
    [Range(1024, 1_073_741_824)]
    public long MaxResponseBufferSize { get; set; } = 65_536;

    /// <summary>Most connections at once, over all listeners. Default none.</summary>
    [Range(1, 10_000_000)]
    public long? MaxConcurrentConnections { get; set; }

    /// <summary>How long an idle connection is kept. Default 130 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>How long a client may take to send its headers. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A client that sends its body slower is cut off. Default 240 B/s after 5 s.</summary>
    public DataRate MinRequestBodyDataRate { get; set; } = new();

    /// <summary>A client that reads its answer slower is cut off. Default 240 B/s after 5 s.</summary>
    public DataRate MinResponseDataRate { get; set; } = new();

    /// <summary>What single ranges cannot say.</summary>
    public IEnumerable<ConfigFault> Faults()
    {
        if (MaxRequestBufferSize < Math.Max(MaxRequestLineSize, MaxRequestHeadersTotalSize))
            yield return new($"{Section}:{nameof(MaxRequestBufferSize)}",
                $"{MaxRequestBufferSize} is less than MaxRequestLineSize or MaxRequestHeadersTotalSize");
    }

    public void ApplyTo(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = MaxRequestBodySize;
        limits.MaxRequestLineSize = MaxRequestLineSize;
        limits.MaxRequestHeadersTotalSize = MaxRequestHeadersTotalSize;
        // In HTTP/2 the path with its query is a header field.
        limits.Http2.MaxRequestHeaderFieldSize = MaxRequestLineSize;
        limits.MaxRequestHeaderCount = MaxRequestHeaderCount;
        limits.MaxRequestBufferSize = MaxRequestBufferSize;
        limits.MaxResponseBufferSize = MaxResponseBufferSize;
        limits.MaxConcurrentConnections = MaxConcurrentConnections;
        limits.KeepAliveTimeout = KeepAliveTimeout;
        limits.RequestHeadersTimeout = RequestHeadersTimeout;
        limits.MinRequestBodyDataRate = MinRequestBodyDataRate.ForKestrel();
        limits.MinResponseDataRate = MinResponseDataRate.ForKestrel();
    }
}

/// <summary>A least speed, which holds once a grace period is over.</summary>
internal sealed class DataRate
{
    /// <summary>Bytes per second; 0 turns the check off. Default 240.</summary>
    [Range(0, 1_000_000_000)]
    public int BytesPerSecond { get; set; } = 240;

    /// <summary>How long a client may be slower at first. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01.100", "01:00:00")]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(5);

    public MinDataRate? ForKestrel() => BytesPerSecond == 0 ? null : new MinDataRate(BytesPerSecond, GracePeriod);
}
