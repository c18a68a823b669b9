using System.Text.Json;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

/// <summary>What a real influxd 1.6.7 answered to single bodies.</summary>
public sealed class CorpusTests
{
    public static IEnumerable<TheoryDataRow<string>> Rows() =>
        File.ReadLines(Path.Combine(SharedFolder(), "corpus", "line-protocol.jsonl"))
            .Where(row => row.Length > 0)
            .Select(row => new TheoryDataRow<string>(row));

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_measured_answer_is_given(string row)
    {
        JsonElement sample = JsonDocument.Parse(row).RootElement;
        byte[] body = sample.TryGetProperty("b64", out JsonElement base64)
            ? base64.GetBytesFromBase64()
            : System.Text.Encoding.UTF8.GetBytes(sample.GetProperty("line").GetString()!);
        string error = sample.GetProperty("error").GetString()!;

        BodyScan scan = LineScanner.Scan(body, Precision.Nanoseconds);

        // Other errors come from storing what was parsed.
        bool refused = error.Contains("unable to parse", StringComparison.Ordinal);
        Assert.Equal(refused, scan.Faults > 0);
        Assert.False(scan.EndsInfluxd || scan.FailsInfluxd);
        Assert.Equal(refused ? error : "", LineFaultText.Describe(body, Precision.Nanoseconds));
        if (error == "")
            Assert.Equal(sample.GetProperty("stored").GetArrayLength() > 0, scan.Points > 0);
    }

    private static string SharedFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
            folder = folder.Parent;
        return Path.GetFullPath(Path.Combine(folder!.FullName, "..", "shared"));
    }
}
