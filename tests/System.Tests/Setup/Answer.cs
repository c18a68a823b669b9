using System.Text;

namespace Gateway.SystemTests.Setup;

/// <summary>An HTTP answer, read to its end.</summary>
internal sealed class Answer(HttpResponseMessage response, byte[] bytes, TimeSpan took)
{
    private readonly Dictionary<string, string> headers = Enumerable.Concat(
        response.Headers, response.Content.Headers).ToDictionary(
        header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);

    public int Status { get; } = (int)response.StatusCode;

    public byte[] Bytes { get; } = bytes;

    public string Body { get; } = Encoding.UTF8.GetString(bytes);

    public TimeSpan Took { get; } = took;

    /// <summary>Which destination answered, as the gateway says; null when it does not say.</summary>
    public string? Destination => Header("X-Gateway-Destination");

    public string? Header(string name) => headers.GetValueOrDefault(name);

    public override string ToString() => $"{Status} {Body.TrimEnd()} [{Took.TotalMilliseconds:0} ms]";

    public Answer MustBe(int status)
    {
        Assert.True(Status == status, $"expected {status}, got {this}");
        return this;
    }

    /// <summary>503 as the gateway gives it: Retry-After, and InfluxDB's shape of an error.</summary>
    public Answer MustBeRefusal()
    {
        MustBe(503);
        Assert.True(int.TryParse(Header("Retry-After"), out int seconds) && seconds > 0, "no usable Retry-After");
        Assert.Contains("\"error\"", Body);
        return this;
    }
}
