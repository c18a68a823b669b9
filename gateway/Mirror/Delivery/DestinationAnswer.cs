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
    /// <summary>Headers of a destination's answer that a client gets to see.</summary>
    public static readonly string[] PassedHeaders =
    [
        "Content-Type", "X-Influxdb-Error", "X-Influxdb-Version", "X-Influxdb-Build", "Retry-After", "WWW-Authenticate",
    ];

    /// <summary>2xx.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The error in InfluxDB's words: its header, or else the body's beginning.</summary>
    public string Error
    {
        get
        {
            foreach (var (name, value) in Headers)
            {
                if (name == "X-Influxdb-Error")
                    return value;
            }

            var text = System.Text.Encoding.UTF8.GetString(Body.Span[..Math.Min(Body.Length, 1024)]);
            return text.Length > 0 ? text.Trim() : $"status {Status}";
        }
    }
}
