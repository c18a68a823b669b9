using System.Buffers;
using System.Globalization;
using System.Text;

namespace InfluxMirror.LineProtocol;

/// <summary>The words in which influxd 1.6 refuses lines.</summary>
public static class LineFaultText
{
    private const string EndsInfluxd = "refused, as storing it would end the influxd process";
    private const string TagCountFailsInfluxd = "refused, as influxd fails on exactly this number of tags";

    /// <summary>
    /// The <c>error</c> of influxd's answer to a body: the refused lines, each with its reason, joined by newlines;
    /// wrapped as a partial write if other lines of the body were good. Empty if nothing is refused.
    /// </summary>
    /// <param name="body">Line protocol.</param>
    /// <param name="precision">The unit of its timestamps.</param>
    /// <param name="maxBytes">Of the body, no more than about this much is quoted.</param>
    public static string Describe(ReadOnlySpan<byte> body, Precision precision, int maxBytes = 64 * 1024)
    {
        using InsertionPoints faultyLines = new();
        BodyScan scan = LineScanner.Scan(body, precision, unstampedEnds: null, faultyLines);
        if (scan.Faults == 0)
            return "";

        StringBuilder text = new();
        bool partial = scan.Points > 0;
        if (partial)
            text.Append("partial write: ");

        int quoted = 0;
        ReadOnlySpan<int> lines = faultyLines.AsSpan();
        for (int i = 0; i < lines.Length && quoted < maxBytes; i += 2)
        {
            if (i > 0)
                text.Append('\n');
            ReadOnlySpan<byte> line = body[lines[i]..lines[i + 1]];
            AppendLine(text, line, PointParser.Parse(line, precision), maxBytes - quoted);
            quoted += line.Length;
        }

        if (partial)
            text.Append(" dropped=0");
        return text.ToString();
    }

    private static void AppendLine(StringBuilder text, ReadOnlySpan<byte> line, LineVerdict verdict, int maxBytes)
    {
        text.Append("unable to parse '");
        AppendDecoded(text, line[..Math.Min(line.Length, maxBytes)]);
        text.Append("': ");

        ReadOnlySpan<byte> detail = line[verdict.Detail];
        detail = detail[..Math.Min(detail.Length, maxBytes)];
        switch (verdict.Fault)
        {
            case LineFault.KeyTooLong:
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"max key length exceeded: {verdict.KeyLength} > {PointParser.MaxKeyLength}");
                break;
            case LineFault.InvalidFieldValue:
                text.Append("invalid value: field-key=");
                AppendDecoded(text, detail);
                break;
            case LineFault.IntegerOutOfRange:
                text.Append("unable to parse integer ");
                AppendDecoded(text, detail);
                AppendParseInt(text.Append(": "), detail, "value out of range");
                break;
            case LineFault.TimestampTooLong:
                AppendParseInt(text, detail, "value out of range");
                break;
            case LineFault.TimestampWithoutDigits:
                AppendParseInt(text, detail, "invalid syntax");
                break;
            default:
                text.Append(Message(verdict.Fault));
                break;
        }
    }

    private static void AppendParseInt(StringBuilder text, ReadOnlySpan<byte> number, string reason)
    {
        text.Append("strconv.ParseInt: parsing \"");
        AppendDecoded(text, number);
        text.Append("\": ").Append(reason);
    }

    private static string Message(LineFault fault) => fault switch
    {
        LineFault.MissingMeasurement => "missing measurement",
        LineFault.MissingTagKey => "missing tag key",
        LineFault.MissingTagValue => "missing tag value",
        LineFault.InvalidTagFormat => "invalid tag format",
        LineFault.DuplicateTags => "duplicate tags",
        LineFault.MissingFields => "missing fields",
        LineFault.MissingFieldKey => "missing field key",
        LineFault.MissingFieldValue => "missing field value",
        LineFault.InvalidFieldFormat => "invalid field format",
        LineFault.InvalidNumber => "invalid number",
        LineFault.InvalidFloat => "invalid float",
        LineFault.InvalidBoolean => "invalid boolean",
        LineFault.UnbalancedQuotes => "unbalanced quotes",
        LineFault.BadTimestamp => "bad timestamp",
        LineFault.TimeOutsideRange => "time outside range -9223372036854775806 - 9223372036854775806",
        LineFault.TextBehindTimestamp => "point is invalid",
        LineFault.TagCountFailsInfluxd => TagCountFailsInfluxd,
        LineFault.EndsInfluxd => EndsInfluxd,
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };

    /// <summary>
    /// As Go writes JSON: a replacement character for each single byte that is not UTF-8, where .NET's own decoder
    /// gives one for several.
    /// </summary>
    private static void AppendDecoded(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
            bool valid = status == OperationStatus.Done;
            text.Append(valid ? rune.ToString() : "\uFFFD");
            bytes = bytes[(valid ? length : 1)..];
        }
    }
}
