using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Gateway.SystemTests.Proxy;

/// <summary>A request as it arrived at a destination.</summary>
internal sealed class RecordedRequest
{
    private readonly Dictionary<string, StringValues> parameters;

    public RecordedRequest(string head, byte[] body)
    {
        string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        Method = first[0];
        Target = first[1];
        Body = body;
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':');
            Headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        int question = Target.IndexOf('?');
        Path = question < 0 ? Target : Target[..question];
        parameters = QueryHelpers.ParseQuery(question < 0 ? "" : Target[question..]);
    }

    public string Method { get; }

    /// <summary>Path and query as sent.</summary>
    public string Target { get; }

    public string Path { get; }

    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The body without its transfer encoding; still compressed if it was sent so.</summary>
    public byte[] Body { get; }

    public DateTimeOffset Arrived { get; } = DateTimeOffset.UtcNow;

    /// <summary>What was answered; null as long as nothing was.</summary>
    public int? Status { get; set; }

    public string? Db => Parameter("db");

    public bool IsWrite => Path == "/write";

    public bool IsQuery => Path == "/query";

    /// <summary>The body inflated, as text.</summary>
    public string Text
    {
        get
        {
            if (Headers.GetValueOrDefault("Content-Encoding") != "gzip")
                return Encoding.UTF8.GetString(Body);
            using GZipStream gzip = new(new MemoryStream(Body), CompressionMode.Decompress);
            using StreamReader reader = new(gzip);
            return reader.ReadToEnd();
        }
    }

    public string? Parameter(string name) => parameters.TryGetValue(name, out StringValues value) ? value[0] : null;
}
