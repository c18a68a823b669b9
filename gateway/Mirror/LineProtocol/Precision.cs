namespace InfluxMirror.LineProtocol;

/// <summary>The unit of the timestamps of a write request.</summary>
public enum Precision
{
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
}

/// <summary>Texts and units of <see cref="Precision"/>.</summary>
public static class PrecisionParser
{
    /// <summary>
    /// The <c>precision</c> parameter of <c>/write</c>. As in influxd 1.x every text it does not know, and none,
    /// means nanoseconds; <c>us</c> is one of the texts it does not know.
    /// </summary>
    public static Precision Parse(string? text) => text switch
    {
        "u" => Precision.Microseconds,
        "ms" => Precision.Milliseconds,
        "s" => Precision.Seconds,
        "m" => Precision.Minutes,
        "h" => Precision.Hours,
        _ => Precision.Nanoseconds,
    };

    /// <summary>
    /// The <c>precision</c> parameter of <c>/api/v2/write</c>: none means nanoseconds, a text it does not know
    /// is an error of the client and gives null.
    /// </summary>
    public static Precision? ParseV2(string? text) => text switch
    {
        null or "" or "ns" => Precision.Nanoseconds,
        "us" => Precision.Microseconds,
        "ms" => Precision.Milliseconds,
        "s" => Precision.Seconds,
        _ => null,
    };

    /// <summary>The text that means this precision to <c>/write</c> of influxd 1.x.</summary>
    public static string ToQueryText(this Precision precision) => precision switch
    {
        Precision.Nanoseconds => "n",
        Precision.Microseconds => "u",
        Precision.Milliseconds => "ms",
        Precision.Seconds => "s",
        Precision.Minutes => "m",
        Precision.Hours => "h",
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, null),
    };

    /// <summary>How many nanoseconds one unit of this precision lasts.</summary>
    public static long UnitNanoseconds(this Precision precision) => precision switch
    {
        Precision.Nanoseconds => 1,
        Precision.Microseconds => 1_000,
        Precision.Milliseconds => 1_000_000,
        Precision.Seconds => 1_000_000_000,
        Precision.Minutes => 60_000_000_000,
        Precision.Hours => 3_600_000_000_000,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, null),
    };
}
