using System.Globalization;
using System.Text;

namespace InfluxMirror.Inputs;

/// <summary>
/// Query strings and form bodies as Go reads them (<c>url.ParseQuery</c>): <c>+</c> is a space, a pair with a raw
/// semicolon or a bad escape is lost, and of several values the first counts.
/// </summary>
internal static class QueryString
{
    /// <summary>The pairs of a query string, with or without its <c>?</c>, in order.</summary>
    public static IEnumerable<QueryPair> Pairs(string text)
    {
        var start = text.StartsWith('?') ? 1 : 0;
        while (start < text.Length)
        {
            var end = text.IndexOf('&', start);
            if (end < 0)
                end = text.Length;
            if (end > start && Pair(text[start..end]) is { } pair)
                yield return pair;
            start = end + 1;
        }
    }

    /// <summary>The pairs put together again, raw as they were; with <c>?</c> in front, or empty.</summary>
    public static string Join(IEnumerable<QueryPair> pairs)
    {
        var text = string.Join('&', pairs.Select(static pair => pair.Raw));
        return text.Length == 0 ? "" : "?" + text;
    }

    /// <summary>A pair of this name and value, escaped.</summary>
    public static QueryPair Make(string name, string value) =>
        new(name, value, Uri.EscapeDataString(name) + "=" + Uri.EscapeDataString(value));

    private static QueryPair? Pair(string raw)
    {
        if (raw.Contains(';', StringComparison.Ordinal))
            return null;
        var equals = raw.IndexOf('=', StringComparison.Ordinal);
        var name = Unescape(equals < 0 ? raw : raw[..equals]);
        var value = equals < 0 ? "" : Unescape(raw[(equals + 1)..]);
        return name is null || value is null ? null : new QueryPair(name, value, raw);
    }

    /// <summary>Null when an escape is not two hexadecimal digits.</summary>
    private static string? Unescape(string text)
    {
        if (text.AsSpan().IndexOfAny('%', '+') < 0)
            return text;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '+':
                    bytes[length++] = (byte)' ';
                    break;
                case '%':
                    if (i + 2 >= text.Length || !byte.TryParse(
                        text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                        out bytes[length]))
                        return null;
                    length++;
                    i += 2;
                    break;
                default:
                    var width = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                    length += Encoding.UTF8.GetBytes(text.AsSpan(i, width), bytes.AsSpan(length));
                    i += width - 1;
                    break;
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}

/// <summary>One pair: its name and value, and how it was written.</summary>
internal readonly record struct QueryPair(string Name, string Value, string Raw);
