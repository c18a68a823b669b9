using System.Text;
using InfluxMirror.InfluxQL;
using InfluxMirror.Journal;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace InfluxMirror.Inputs;

/// <summary>
/// A request to <c>/query</c>, read as influxd reads it: <c>q</c> from a form body, else from the URL, else from an
/// uploaded file (Go's <c>FormValue</c> and <c>FormFile</c>).
/// </summary>
internal sealed class QueryRequest
{
    private const string FormType = "application/x-www-form-urlencoded";
    private const string MultipartType = "multipart/form-data";

    private readonly List<QueryPair> _url;
    private readonly List<QueryPair> _form;
    private readonly bool _multipart;

    private QueryRequest(List<QueryPair> url, List<QueryPair> form, bool multipart, string? file)
    {
        _url = url;
        _form = form;
        _multipart = multipart;
        var texts = form.Concat(url).Where(static pair => pair.Name == "q").ToList();
        IsAmbiguous = texts.Count > 1;
        Query = texts.Count > 0 && !string.IsNullOrWhiteSpace(texts[0].Value) ? texts[0].Value : file;
        Database = Value("db");
        if (Query is not null)
            Analysis = StatementClassifier.Analyze(Query, Database);
    }

    /// <summary>The text of <c>q</c>; null when there is none.</summary>
    public string? Query { get; }

    /// <summary><c>q</c> is there more than once: which one counts depends on who reads it.</summary>
    public bool IsAmbiguous { get; }

    /// <summary>The <c>db</c> parameter.</summary>
    public string? Database { get; }

    /// <summary>The client does not wait for the result.</summary>
    public bool IsAsync => Value("async") == "true";

    /// <summary>What the query does; null without one.</summary>
    public QueryAnalysis? Analysis { get; }

    /// <summary>The body as it came; null for a request without one.</summary>
    public SharedBuffer? Body { get; private init; }

    /// <summary>Reads a request. A body that is no form leaves only what the URL says, as with influxd.</summary>
    /// <exception cref="InvalidDataException">The multipart body cannot be read.</exception>
    public static async ValueTask<QueryRequest> ReadAsync(HttpRequest request, SharedBuffer? body)
    {
        var url = QueryString.Pairs(request.QueryString.Value ?? "").ToList();
        // A pair that Go loses is lost here: YARP escapes a stray percent sign, and a server would then read a pair
        // that nobody has looked at.
        var understood = QueryString.Join(url);
        if (understood != request.QueryString.Value)
            request.QueryString = new Microsoft.AspNetCore.Http.QueryString(understood);
        var form = new List<QueryPair>();
        string? file = null;
        var multipart = false;
        if (body is not null && MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            if (type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase))
            {
                form.AddRange(QueryString.Pairs(Encoding.UTF8.GetString(body.Span)));
            }
            else if (type.MediaType.Equals(MultipartType, StringComparison.OrdinalIgnoreCase))
            {
                multipart = true;
                file = await ReadPartsAsync(HeaderUtilities.RemoveQuotes(type.Boundary).Value, body, form)
                    .ConfigureAwait(false);
                // Go puts the values of parts behind those of the URL.
                form.RemoveAll(part => part.Name != "q" && url.Exists(pair => pair.Name == part.Name));
            }
        }

        if (multipart && !HttpMethods.IsPost(request.Method))
        {
            // influxd takes values, but no file, from a GET; and of one that is rewritten it reads only the URL.
            url.AddRange(form);
            form.Clear();
            (multipart, file) = (false, null);
        }

        return new QueryRequest(url, form, multipart, file) { Body = body };
    }

    /// <summary>
    /// The path, query, body and content type to journal: as they came, unless <c>now()</c> had to be frozen, the
    /// query came as a file, or it was not to be waited for.
    /// </summary>
    public (string Query, SharedBuffer Body, string? ContentType) ToDeliver(HttpRequest request, long nowNanoseconds)
    {
        var frozen = NowFreezer.Freeze(Query!, nowNanoseconds);
        if (ReferenceEquals(frozen, Query) && !IsAsync && !_multipart)
        {
            if (Body is null)
                return (request.QueryString.Value ?? "", SharedBuffer.Rent(0), null);
            Body.AddReference();
            return (request.QueryString.Value ?? "", Body, request.ContentType);
        }

        var inForm = _form.Exists(static pair => pair.Name == "q") || _multipart;
        var url = Rewrite(_url, inForm ? null : frozen);
        if (!inForm && Body is null)
            return (QueryString.Join(url), SharedBuffer.Rent(0), null);
        var form = QueryString.Join(Rewrite(_form, inForm ? frozen : null));
        var text = form.Length == 0 ? "" : form[1..];
        return (QueryString.Join(url), SharedBuffer.Copy(Encoding.UTF8.GetBytes(text)), FormType);
    }

    private static IEnumerable<QueryPair> Rewrite(List<QueryPair> pairs, string? query)
    {
        var kept = pairs.Where(static pair => pair.Name is not ("async" or "q"));
        return query is null ? kept : kept.Append(QueryString.Make("q", query));
    }

    /// <summary>Whether a request that is no POST may hold <c>q</c> in its body.</summary>
    public static bool MayHoldParts(HttpRequest request) =>
        request.ContentType?.StartsWith(MultipartType, StringComparison.OrdinalIgnoreCase) ?? false;

    private static async Task<string?> ReadPartsAsync(string? boundary, SharedBuffer body, List<QueryPair> form)
    {
        if (string.IsNullOrEmpty(boundary))
            throw new InvalidDataException("no multipart boundary param in Content-Type");
        string? file = null;
        using var stream = body.OpenRead();
        var reader = new MultipartReader(boundary, stream);
        try
        {
            while (await reader.ReadNextSectionAsync().ConfigureAwait(false) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                    continue;
                var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
                using var text = new StreamReader(section.Body, Encoding.UTF8);
                var value = await text.ReadToEndAsync().ConfigureAwait(false);
                if (!disposition.FileName.HasValue)
                    form.Add(QueryString.Make(name, value));
                else if (name == "q")
                    file ??= value;
            }
        }
        catch (IOException broken)
        {
            throw new InvalidDataException("the multipart body breaks off", broken);
        }

        return file;
    }

    private string? Value(string name)
    {
        foreach (var pair in _form.Concat(_url))
        {
            if (pair.Name == name)
                return pair.Value;
        }

        return null;
    }
}
