namespace InfluxMirror.LineProtocol;

/// <summary>Whether a point has a timestamp.</summary>
internal enum Stamp
{
    /// <summary>It has one.</summary>
    Present,

    /// <summary>It has none, and one can be added at the end of the line.</summary>
    Absent,

    /// <summary>It has none, and what is added at the end of the line would not be read as one.</summary>
    Impossible,
}

/// <summary>What influxd makes of one line that is neither blank nor a comment.</summary>
internal readonly record struct LineVerdict
{
    public LineFault Fault { get; init; }

    public Stamp Stamp { get; init; }

    /// <summary>The part of the line influxd's message quotes, for the faults that quote one.</summary>
    public Range Detail { get; init; }

    /// <summary>The length for <see cref="LineFault.KeyTooLong"/>.</summary>
    public int KeyLength { get; init; }

    public static implicit operator LineVerdict(LineFault fault) => new() { Fault = fault };
}
