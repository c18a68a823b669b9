namespace InfluxMirror.LineProtocol;

/// <summary>Why influxd 1.6 refuses a line; one member for each of its messages.</summary>
public enum LineFault
{
    /// <summary>The line holds a point, or nothing.</summary>
    None,

    /// <summary><c>missing measurement</c></summary>
    MissingMeasurement,

    /// <summary><c>missing tag key</c></summary>
    MissingTagKey,

    /// <summary><c>missing tag value</c></summary>
    MissingTagValue,

    /// <summary><c>invalid tag format</c></summary>
    InvalidTagFormat,

    /// <summary><c>duplicate tags</c></summary>
    DuplicateTags,

    /// <summary><c>max key length exceeded: 65536 &gt; 65535</c>: measurement, tags and a field key together</summary>
    KeyTooLong,

    /// <summary><c>missing fields</c></summary>
    MissingFields,

    /// <summary><c>missing field key</c></summary>
    MissingFieldKey,

    /// <summary><c>missing field value</c></summary>
    MissingFieldValue,

    /// <summary><c>invalid field format</c></summary>
    InvalidFieldFormat,

    /// <summary><c>invalid value: field-key=…</c></summary>
    InvalidFieldValue,

    /// <summary><c>invalid number</c></summary>
    InvalidNumber,

    /// <summary><c>invalid float</c></summary>
    InvalidFloat,

    /// <summary><c>unable to parse integer …: strconv.ParseInt: parsing "…": value out of range</c></summary>
    IntegerOutOfRange,

    /// <summary><c>invalid boolean</c></summary>
    InvalidBoolean,

    /// <summary><c>unbalanced quotes</c></summary>
    UnbalancedQuotes,

    /// <summary><c>bad timestamp</c></summary>
    BadTimestamp,

    /// <summary><c>strconv.ParseInt: parsing "-": invalid syntax</c></summary>
    TimestampWithoutDigits,

    /// <summary><c>strconv.ParseInt: parsing "…": value out of range</c></summary>
    TimestampTooLong,

    /// <summary><c>time outside range -9223372036854775806 - 9223372036854775806</c></summary>
    TimeOutsideRange,

    /// <summary><c>point is invalid</c>: something stands behind the timestamp</summary>
    TextBehindTimestamp,

    /// <summary>
    /// No message: influxd fails on exactly 100, 200, 400, 800, … tags, answers 500 to the whole body and stores
    /// none of it.
    /// </summary>
    TagCountFailsInfluxd,

    /// <summary>No message: storing the line would end the influxd process.</summary>
    EndsInfluxd,
}

/// <summary>A refused line: the bytes influxd quotes in its message, and why.</summary>
/// <param name="Offset">Offset in the body, behind white space at the start of the line.</param>
/// <param name="Length">Bytes up to the end of the line, without the newline.</param>
/// <param name="Fault">What is wrong.</param>
public readonly record struct LineFaultLocation(int Offset, int Length, LineFault Fault);
