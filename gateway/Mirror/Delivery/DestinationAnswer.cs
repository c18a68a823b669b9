using System.Text;
using System.Text.Json;

namespace InfluxMirror.Delivery;

/// <summary>What a destination answered, kept so that a client can be given it verbatim.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body; empty when there was none.</param>
/// <param name="Headers">The headers that InfluxDB's clients look at, in the order they came.</param>
public sealed record DestinationAnswer(
    int Status,
    ReadOnlyMemory<byte> Body,
    IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    private const string ErrorHeader = "X-Influxdb-Error";
    private const string VersionHeader = "X-Influxdb-Version";

    /// <summary>Headers of a destination's answer that a client gets to see.</summary>
    public static readonly string[] PassedHeaders =
        ["Content-Type", ErrorHeader, VersionHeader, "X-Influxdb-Build", "Retry-After", "WWW-Authenticate"];

    /// <summary>2xx.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The version of InfluxDB that answered; null when it did not say.</summary>
    public string? Version => Header(VersionHeader);

    /// <summary>
    /// The error in InfluxDB's words: from its JSON body, since the header may be cut; else its header, else the
    /// beginning of the body.
    /// </summary>
    public string Error => OfBody() ?? Header(ErrorHeader) ?? Beginning();

    /// <summary>An answer of our own in InfluxDB's shape.</summary>
    public static DestinationAnswer OfError(int status, string error) =>
        new(
            status,
            Encoding.UTF8.GetBytes($$"""{"error":"{{JsonEncodedText.Encode(error)}}"}"""),
            [new("Content-Type", "application/json"), new(ErrorHeader, error)]);

    private string? Header(string name)
    {
        foreach (var (key, value) in Headers)
        {
            if (key == name)
                return value;
        }

        return null;
    }

    private string? OfBody()
    {
        if (IsSuccess || Body.IsEmpty || Body.Span[0] != '{')
            return null;
        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.TryGetProperty("error", out var error) ? error.GetString() : null;
        }
        catch (JsonException)
        {
            // Not JSON after all: its beginning has to do.
            return null;
        }
    }

    private string Beginning()
    {
        var text = Encoding.UTF8.GetString(Body.Span[..Math.Min(Body.Length, 1024)]).Trim();
        return text.Length > 0 ? text : $"status {Status}";
    }
}
