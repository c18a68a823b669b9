using System.ComponentModel.DataAnnotations;

namespace InfluxMirror.Writes;

/// <summary>What a client that writes is promised, beside what its route says.</summary>
public sealed class WriteOptions
{
    /// <summary>
    /// With <c>consistency=any</c>: how long to wait for a first confirmation before the buffered record is
    /// answered with 204. Default 250 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan AnyWait { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Largest body, in bytes, before and after inflation; InfluxDB's <c>max-body-size</c>. Default 25,000,000.
    /// </summary>
    [Range(1, 1_000_000_000)]
    public int MaxBodySize { get; set; } = 25_000_000;

    /// <summary>Bytes of request bodies, in MiB, that may be under way at once. Default 512.</summary>
    [Range(1, 65_536)]
    public int MaxBodiesInFlightMB { get; set; } = 512;
}
