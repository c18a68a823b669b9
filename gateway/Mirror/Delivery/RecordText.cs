using System.IO.Compression;
using System.Text;
using InfluxMirror.InfluxQL;
using Microsoft.AspNetCore.WebUtilities;

namespace InfluxMirror.Delivery;

/// <summary>Records as people may see them: whatever is printed of a record goes through here.</summary>
public static class RecordText
{
    /// <summary>Stands for a secret.</summary>
    public const string Redacted = "[REDACTED]";

    private const string FormType = "application/x-www-form-urlencoded";

    private static readonly HashSet<string> Secrets =
        new(["u", "p", "user", "username", "pass", "password", "token"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The body as a client would have written it, inflated; of a statement its text without passwords.
    /// </summary>
    /// <exception cref="InvalidDataException">The body says that it is gzip, and is not.</exception>
    public static async Task WriteBodyAsync(MirroredRecord record, Stream to, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Kind == RecordKind.Statement)
        {
            await to.WriteAsync(Encoding.UTF8.GetBytes(Statement(record) ?? ""), cancellation).ConfigureAwait(false);
            return;
        }

        using var body = Plain(record);
        await body.CopyToAsync(to, cancellation).ConfigureAwait(false);
    }

    /// <summary>The text of a statement, passwords masked; null when it cannot be found.</summary>
    public static string? Statement(MirroredRecord record)
    {
        var query = RawStatement(record);
        return query is null ? null : StatementMasker.Mask(query);
    }

    /// <summary>Whether a statement's text has something in it that must not be shown.</summary>
    public static bool HoldsPassword(MirroredRecord record) =>
        RawStatement(record) is not { } query || !ReferenceEquals(StatementMasker.Mask(query), query);

    /// <summary>The first <paramref name="length"/> characters of the body, or of a statement's text.</summary>
    public static string Sample(MirroredRecord record, int length)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Kind == RecordKind.Statement)
            return Start(Statement(record) ?? "", length);
        if (IsForm(record))
            return Start(Pairs(Encoding.UTF8.GetString(record.Body.Span)), length);
        try
        {
            using var body = Plain(record);
            var block = new byte[length];
            return Encoding.UTF8.GetString(block, 0, body.ReadAtLeast(block, length, throwOnEndOfStream: false));
        }
        catch (InvalidDataException)
        {
            return $"{record.Body.Length} bytes that are not gzip";
        }
    }

    /// <summary>Path and query of a request; users, passwords and tokens are masked, and passwords in statements.
    /// </summary>
    public static string Target(WriteTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var mark = target.PathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return mark < 0
            ? target.PathAndQuery
            : target.PathAndQuery[..(mark + 1)] + Pairs(target.PathAndQuery[(mark + 1)..]);
    }

    /// <summary>The scheme of an <c>Authorization</c> header, without what follows; null when there is none.</summary>
    public static string? Authorization(WriteTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Authorization is not { } header)
            return null;
        var scheme = header.TrimStart().Split(' ')[0];
        return scheme is "Basic" or "Bearer" or "Token" ? $"{scheme} {Redacted}" : Redacted;
    }

    /// <summary>A query string or form, pair by pair.</summary>
    private static string Pairs(string text) => string.Join('&', text.Split('&', ';').Select(Pair));

    private static string Pair(string raw)
    {
        var equals = raw.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return raw;
        var name = Unescape(raw[..equals]);
        if (Secrets.Contains(name))
            return $"{name}={Redacted}";
        if (name != "q")
            return raw;
        var query = Unescape(raw[(equals + 1)..]);
        return "q=" + StatementMasker.Mask(query);
    }

    private static string Unescape(string text) =>
        Uri.UnescapeDataString(text.Replace('+', ' '));

    private static string? RawStatement(MirroredRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (IsForm(record) && Of(Encoding.UTF8.GetString(record.Body.Span)) is { } inForm)
            return inForm;
        var mark = record.Target.PathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? null : Of(record.Target.PathAndQuery[mark..]);

        static string? Of(string pairs) =>
            QueryHelpers.ParseNullableQuery(pairs)?.TryGetValue("q", out var query) ?? false ? query[0] : null;
    }

    private static bool IsForm(MirroredRecord record) =>
        record.Body.Length > 0 && record.ContentEncoding is null &&
        (record.ContentType?.StartsWith(FormType, StringComparison.OrdinalIgnoreCase) ?? false);

    private static Stream Plain(MirroredRecord record) =>
        record.ContentEncoding == "gzip"
            ? new GZipStream(record.Body.OpenRead(), CompressionMode.Decompress)
            : record.Body.OpenRead();

    private static string Start(string text, int length) => text.Length <= length ? text : text[..length];
}
