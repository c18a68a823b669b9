using System.Globalization;
using System.Text;

namespace InfluxMirror.InfluxQL;

/// <summary>
/// Makes mutating statements independent of the time at which they run, so that a destination that gets them later
/// does the same. Replaced are <c>now()</c> in conditions of SELECT … INTO, DELETE and DROP SERIES by a time literal
/// in quotes, which influxd calculates with as with now(); <c>now()</c> as offset of GROUP BY time by the offset it
/// stands for; and a SELECT … INTO that influxd would end at the present gets that end as a condition. Reads, bodies
/// of continuous queries and everything else stay as they are, byte for byte.
/// </summary>
public static class NowFreezer
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss";
    private const long NanosecondsPerTick = 100;

    /// <summary>Freezes a query; the same instance comes back when nothing needs it.</summary>
    /// <param name="query">The text of a <c>q</c> parameter.</param>
    /// <param name="unixNanoseconds">The present: nanoseconds since 1970, as in line protocol.</param>
    public static string Freeze(string query, long unixNanoseconds)
    {
        ArgumentNullException.ThrowIfNull(query);
        var walk = new QueryWalk(query, null);
        walk.Run();
        return walk.FreezePoints is { } points ? Rewrite(query, points, unixNanoseconds) : query;
    }

    private static string Rewrite(string query, List<FreezePoint> points, long now)
    {
        // At one place, what is added stands before what is replaced.
        points.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        string literal = TimeLiteral(now);
        var frozen = new StringBuilder(query.Length + (points.Count * (literal.Length + " WHERE time <= ".Length)));
        int copied = 0;
        foreach (FreezePoint point in points)
        {
            frozen.Append(query, copied, point.Start - copied);
            copied = point.End;
            _ = point.Kind switch
            {
                FreezeKind.Now => frozen.Append(literal),
                FreezeKind.OpenCondition => frozen.Append('('),
                FreezeKind.CloseCondition => frozen.Append(") AND time <= ").Append(literal),
                FreezeKind.NewCondition => frozen.Append(" WHERE time <= ").Append(literal),
                FreezeKind.GroupOffset => frozen.Append(GroupOffset(query, point, now)).Append("ns"),
                _ => throw new InvalidOperationException($"no rule for {point.Kind}"),
            };
        }

        return frozen.Append(query, copied, query.Length - copied).ToString();
    }

    /// <summary>RFC 3339 with nine digits of a second, in UTC, in quotes.</summary>
    private static string TimeLiteral(long unixNanoseconds)
    {
        long ticks = Math.DivRem(unixNanoseconds, NanosecondsPerTick, out long nanoseconds);
        if (nanoseconds < 0)
        {
            nanoseconds += NanosecondsPerTick;
            ticks--;
        }

        DateTime time = DateTime.UnixEpoch.AddTicks(ticks);
        long fraction = (time.Ticks % TimeSpan.TicksPerSecond * NanosecondsPerTick) + nanoseconds;
        string seconds = time.ToString(TimeFormat, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"'{seconds}.{fraction:D9}Z'");
    }

    /// <summary>
    /// influxd takes the present modulo the interval, counted from the year 1. An interval that is no literal (a bound
    /// parameter) leaves that to influxd, which then counts from 1970: the same for every interval that divides a day.
    /// </summary>
    private static Int128 GroupOffset(string query, FreezePoint point, long now)
    {
        int length = point.IntervalEnd - point.IntervalStart;
        long interval = DurationLiteral.Parse(query.AsSpan(point.IntervalStart, length));
        if (interval <= 0)
        {
            return now;
        }

        Int128 sinceYearOne = ((Int128)DateTime.UnixEpoch.Ticks * NanosecondsPerTick) + now;
        return sinceYearOne % interval;
    }
}
