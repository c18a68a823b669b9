using System.Globalization;

namespace Gateway.SimulationTests.Cluster;

/// <summary>Where a point is; what it holds is the number of the request that wrote it last.</summary>
internal readonly record struct Place(string Database, string? Policy, string Measurement, string Tag, long Time)
{
    public override string ToString() =>
        $"{Database}{(Policy is null ? "" : $".{Policy}")}: {Measurement},t={Tag} at {Time}";
}

/// <summary>A line of a write, as a server reads it.</summary>
/// <param name="Request">The request it belongs to.</param>
/// <param name="Measurement">Its measurement.</param>
/// <param name="Tag">The value of its only tag.</param>
/// <param name="Time">Its timestamp.</param>
/// <param name="Kind">What a server makes of it.</param>
internal readonly record struct Line(int Request, string Measurement, string Tag, long Time, LineKind Kind)
{
    private const string Conflicting = "text";
    private const string Broken = "broken";
    private const string Poison = "poison";

    /// <summary>The text without a newline; without a time the gateway is to add one.</summary>
    public static string Text(int request, string measurement, string tag, long? time, LineKind kind, int padding)
    {
        string body = kind switch
        {
            LineKind.Conflict => $"{measurement},t={tag} {Conflicting}=\"no number\",v={request}i",
            LineKind.Faulty => $"{Broken},t={tag} v={request}i,",
            LineKind.Poison => $"{Poison},t={tag} v={request}i",
            _ => $"{measurement},t={tag} v={request}i" + (padding > 0 ? $",p=\"{new string('x', padding)}\"" : ""),
        };
        return time is null || kind == LineKind.Faulty
            ? body
            : string.Create(CultureInfo.InvariantCulture, $"{body} {time}");
    }

    public static Line Parse(string text)
    {
        string[] parts = text.Replace("no number", "", StringComparison.Ordinal).Split(' ');
        string[] series = parts[0].Split(',');
        int at = parts[1].IndexOf("v=", StringComparison.Ordinal) + 2;
        int request = int.Parse(parts[1].AsSpan(at, parts[1].IndexOf('i', at) - at), CultureInfo.InvariantCulture);
        LineKind kind = series[0] switch
        {
            Broken => LineKind.Faulty,
            Poison => LineKind.Poison,
            _ when parts[1].StartsWith(Conflicting, StringComparison.Ordinal) => LineKind.Conflict,
            _ => LineKind.Good,
        };
        long time = parts.Length > 2 ? long.Parse(parts[2], CultureInfo.InvariantCulture) : 0;
        return new Line(request, series[0], series[1][2..], time, kind);
    }

    public override string ToString() => $"{Measurement}/{Tag}@{Time}{(Kind == LineKind.Good ? "" : $" ({Kind})")}";
}

/// <summary>What a server makes of a line.</summary>
internal enum LineKind
{
    /// <summary>It is stored.</summary>
    Good,

    /// <summary>Well-formed and refused, as for a field of another type; the other lines of the request are stored.
    /// </summary>
    Conflict,

    /// <summary>Not a line at all: the gateway sees that too, and sends the request alone.</summary>
    Faulty,

    /// <summary>For its sake nothing of the request is stored.</summary>
    Poison,
}
