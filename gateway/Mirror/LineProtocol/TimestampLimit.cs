using System.Globalization;
using System.Runtime.CompilerServices;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Timestamps of one precision that are in range for sure: shorter than the latest time, or of the same length with
/// a smaller first digit.
/// </summary>
internal readonly struct TimestampLimit
{
    private readonly int _digits;
    private readonly byte _firstDigit;

    private TimestampLimit(long latest)
    {
        string text = latest.ToString(CultureInfo.InvariantCulture);
        _digits = text.Length;
        _firstDigit = (byte)text[0];
    }

    // A field and not computed, as the text would be an allocation for every body.
    private static readonly TimestampLimit[] Limits =
        [.. Enum.GetValues<Precision>().Select(p => new TimestampLimit((long.MaxValue - 1) / p.UnitNanoseconds()))];

    public static TimestampLimit For(Precision precision) => Limits[(int)precision];

    /// <summary>Whether the text is a time in range. False also means: not known here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Holds(ref byte text, int length) =>
        InRange(ref text, length) && PlainNumber.IsDigits(ref text, length);

    /// <summary>Whether digits of that length, at least one, are a time in range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool InRange(ref byte text, int length) =>
        length < _digits || (length == _digits && text < _firstDigit);
}
