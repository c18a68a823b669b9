using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using InfluxMirror.LineProtocol;

namespace InfluxMirror.Tests.LineProtocol;

/// <summary>
/// influxd's reading of line protocol once more, written for the eye: strings of Latin-1, regular expressions and
/// big numbers. What the product reads must agree with this.
/// </summary>
internal sealed partial class ReferenceParser(Precision precision)
{
    public sealed record Line(int Start, int End, LineFault Fault, bool Stamped, bool Stampable);

    public static string Decode(ReadOnlySpan<byte> body) => Encoding.Latin1.GetString(body);

    /// <summary>Every line that is neither blank nor a comment.</summary>
    public List<Line> Parse(ReadOnlySpan<byte> body)
    {
        string text = Decode(body);
        List<Line> lines = [];
        int position = 0;
        while (position < text.Length)
        {
            int end = EndOfLine(text, position);
            string block = text[position..end];
            string content = block.TrimStart(' ', '\t', '\0');
            if (content.Length > 0 && content[0] != '#')
            {
                int start = end - content.Length;
                if (content.EndsWith('\n'))
                    content = content[..^1];
                lines.Add(ParsePoint(content, start));
            }

            position = end + 1;
        }

        return lines;
    }

    private static int EndOfLine(string text, int start)
    {
        bool afterSpace = false, quoted = false;
        int equals = 0, commas = 0;
        for (int i = start; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\' && text.Length - i > 2)
            {
                i++;
                continue;
            }

            afterSpace |= c == ' ';
            if (c == '\n' && !quoted)
                return i;
            if (afterSpace && c == '"' && equals > commas)
                quoted = !quoted;
            if (afterSpace && c == '=' && !quoted)
                equals++;
            if (afterSpace && c == ',' && !quoted)
                commas++;
        }

        return text.Length;
    }

    private Line ParsePoint(string line, int start)
    {
        bool stamped = false, stampable = false;
        LineFault fault = Series(line, out int series);
        if (fault == LineFault.None && series > 65535)
            fault = LineFault.KeyTooLong;
        int fieldsStart = SkipWhite(line, series);
        int fieldsEnd = fieldsStart;
        if (fault == LineFault.None)
            fault = Fields(line, fieldsStart, out fieldsEnd);
        bool crash = false;
        if (fault == LineFault.None)
            fault = Walk(line[fieldsStart..fieldsEnd], series, out crash);
        if (fault == LineFault.None)
            fault = Time(line, fieldsEnd, out stamped, out stampable);
        if (fault == LineFault.None && crash)
            fault = LineFault.EndsInfluxd;
        return new Line(start, start + line.Length, fault, stamped, stampable);
    }

    private static LineFault Series(string line, out int end)
    {
        end = 0;
        if (line[0] == ',')
            return LineFault.MissingMeasurement;
        int i = Unescaped(line, 1, ", ");
        if (i == line.Length)
            return LineFault.MissingFields;

        List<string> keys = [];
        while (line[i] == ',')
        {
            int key = i + 1;
            if (key == line.Length || " ,=".Contains(line[key]))
                return LineFault.MissingTagKey;
            int equals = Unescaped(line, key + 1, "=, ");
            if (equals == line.Length || line[equals] != '=')
                return LineFault.MissingTagValue;
            int value = equals + 1;
            if (value == line.Length || ", ".Contains(line[value]))
                return LineFault.MissingTagValue;
            i = Unescaped(line, value + 1, "=, ");
            if (i == line.Length)
                return LineFault.MissingFields;
            if (line[i] == '=')
                return LineFault.InvalidTagFormat;
            keys.Add(line[key..equals]);
        }

        end = i;
        if (keys.Count >= 100 && keys.Count % 100 == 0 && BitOperations.IsPow2(keys.Count / 100))
            return LineFault.TagCountFailsInfluxd;
        return keys.Distinct(StringComparer.Ordinal).Count() == keys.Count
            ? LineFault.None
            : LineFault.DuplicateTags;
    }

    private static LineFault Fields(string line, int start, out int end)
    {
        bool quoted = false;
        int equals = 0, commas = 0;
        for (end = start; end < line.Length; end++)
        {
            char c = line[end];
            if (c == '\\' && end + 1 < line.Length)
            {
                end++;
            }
            else if (c == '"' && equals > commas)
            {
                quoted = !quoted;
            }
            else if (!quoted && c == ' ')
            {
                break;
            }
            else if (!quoted && c == ',')
            {
                commas++;
            }
            else if (!quoted && c == '=')
            {
                equals++;
                if (line[end - 1] is ' ' or ',' && line[end - 2] != '\\')
                    return LineFault.MissingFieldKey;
                string value = ValueText().Match(line, end + 1).Value;
                if (value == "")
                    return LineFault.MissingFieldValue;
                if (value[0] == '"')
                    continue;
                LineFault fault = Value(value);
                if (fault != LineFault.None)
                    return fault;
                end += value.Length;
            }
        }

        end = Math.Min(end, line.Length);
        if (quoted)
            return LineFault.UnbalancedQuotes;
        return equals > 0 && equals == commas + 1 ? LineFault.None : LineFault.InvalidFieldFormat;
    }

    private static LineFault Value(string text)
    {
        if (!"0123456789.-Nn".Contains(text[0]))
            return Boolean().IsMatch(text) ? LineFault.None : LineFault.InvalidBoolean;
        if (Integer().IsMatch(text))
        {
            BigInteger value = BigInteger.Parse(text[..^1], CultureInfo.InvariantCulture);
            return value >= long.MinValue && value <= long.MaxValue ? LineFault.None : LineFault.IntegerOutOfRange;
        }

        if (!FloatCharacters().IsMatch(text) || text.Count(c => c == '.') > 1 || text is "-" or "." or "-.")
            return LineFault.InvalidNumber;
        if (text.Length < 25 && !text.Contains('e') && !text.Contains('E'))
            return LineFault.None;
        return Float().IsMatch(text) && double.IsFinite(double.Parse(text, CultureInfo.InvariantCulture))
            ? LineFault.None
            : LineFault.InvalidFloat;
    }

    private static LineFault Walk(string fields, int series, out bool crash)
    {
        crash = false;
        while (fields != "")
        {
            int equals = fields[0] == '=' ? 0 : Unescaped(fields, 1, "=");
            if (equals + 2 > fields.Length)
                return LineFault.InvalidFieldValue;
            if (series + 4 + equals > 65535)
                return LineFault.KeyTooLong;
            string value = WalkedValue().Match(fields, equals + 1).Value;
            crash |= value == "\"";
            fields = fields[Math.Min(fields.Length, equals + 1 + value.Length + 1)..];
        }

        return LineFault.None;
    }

    private LineFault Time(string line, int fieldsEnd, out bool stamped, out bool stampable)
    {
        int start = SkipWhite(line, fieldsEnd);
        int end = line.IndexOfAny([' ', '\n'], start);
        string text = end < 0 ? line[start..] : line[start..end];
        stamped = text != "";
        string escape = TrailingBackslashes().Match(line).Value;
        stampable = !stamped && end < 0 && (fieldsEnd < line.Length || escape.Length % 2 == 0);
        if (!stamped)
            return LineFault.None;
        if (!TimeCharacters().IsMatch(text))
            return LineFault.BadTimestamp;
        if (text == "-")
            return LineFault.TimestampWithoutDigits;

        BigInteger time = BigInteger.Parse(text, CultureInfo.InvariantCulture);
        if (time < long.MinValue || time > long.MaxValue)
            return LineFault.TimestampTooLong;
        if (BigInteger.Abs(time * precision.UnitNanoseconds()) > long.MaxValue - 1)
            return LineFault.TimeOutsideRange;
        return line[(start + text.Length)..].Trim(' ') == "" ? LineFault.None : LineFault.TextBehindTimestamp;
    }

    private static int SkipWhite(string line, int start) =>
        line.Length - line[start..].TrimStart(' ', '\t', '\0').Length;

    private static int Unescaped(string line, int start, string stops)
    {
        for (int i = start; i < line.Length; i++)
        {
            if (stops.Contains(line[i]) && line[i - 1] != '\\')
                return i;
        }

        return line.Length;
    }

    [GeneratedRegex(@"\G[^, ]*")]
    private static partial Regex ValueText();

    [GeneratedRegex(@"\A(t|T|true|True|TRUE|f|F|false|False|FALSE)\z")]
    private static partial Regex Boolean();

    [GeneratedRegex(@"\A-?[0-9]+i\z")]
    private static partial Regex Integer();

    [GeneratedRegex(@"\A(-?[0-9.]|-[eE])([0-9.eE]|(?<=[eE])[+-])*\z|\A-\z")]
    private static partial Regex FloatCharacters();

    [GeneratedRegex(@"\A-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\z")]
    private static partial Regex Float();

    [GeneratedRegex(@"\G(\\[""\\]|""(\\[""\\]|[^""])*(""|\z)|[^,""])*", RegexOptions.Singleline)]
    private static partial Regex WalkedValue();

    [GeneratedRegex(@"\A(-?[0-9]+|-)\z")]
    private static partial Regex TimeCharacters();

    [GeneratedRegex(@"\\*\z")]
    private static partial Regex TrailingBackslashes();
}
