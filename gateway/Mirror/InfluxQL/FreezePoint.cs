namespace InfluxMirror.InfluxQL;

internal enum FreezeKind : byte
{
    /// <summary>A parenthesis to open before a condition that gets a bound.</summary>
    OpenCondition,

    /// <summary>The bound to add after a condition.</summary>
    CloseCondition,

    /// <summary>A condition to add where there is none.</summary>
    NewCondition,

    /// <summary>A <c>now()</c> in a condition.</summary>
    Now,

    /// <summary>The <c>now()</c> of <c>GROUP BY time(interval, now())</c>.</summary>
    GroupOffset,
}

/// <summary>A place of a query that depends on the present: characters from Start up to, without, End.</summary>
/// <param name="Kind">What is to be done there; nothing is replaced where Start equals End.</param>
/// <param name="Start">Index of the first character.</param>
/// <param name="End">Index behind the last character.</param>
/// <param name="IntervalStart">Where the grouping interval starts, for a group offset.</param>
/// <param name="IntervalEnd">Where it ends; equal to its start when it is no literal.</param>
internal readonly record struct FreezePoint(
    FreezeKind Kind, int Start, int End, int IntervalStart = 0, int IntervalEnd = 0);
