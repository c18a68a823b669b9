using System.ComponentModel.DataAnnotations;

namespace InfluxMirror.Reads;

/// <summary>Which destination may answer a read.</summary>
public sealed class ReadOptions
{
    /// <summary>How far a destination may be behind the most advanced one. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a read waits for a destination that has what was confirmed before it. Default 100 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ReadYourWrites { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a destination must be well again before it serves reads. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan HoldDown { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// When only destinations that lag are left: answer from the freshest, with <c>X-Gateway-Lag</c> (true,
    /// default), or with 503 (false).
    /// </summary>
    public bool ServeStale { get; set; } = true;
}
