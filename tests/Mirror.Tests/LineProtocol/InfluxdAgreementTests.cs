using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class InfluxdAgreementTests
{
    // A retention policy that does not exist: every body is parsed, none is stored, and so none can do harm.
    private const string WriteUri = "/write?db=agreement&rp=none&precision=";
    private const string NothingRefused = "retention policy not found: none";

    [Fact]
    public async Task A_real_influxd_refuses_the_same_lines_in_the_same_words()
    {
        await using ScratchInfluxd influxd = await ScratchInfluxd.StartAsync();
        HttpResponseMessage created = await influxd.Client.PostAsync(
            "/query?q=CREATE+DATABASE+agreement", null, TestContext.Current.CancellationToken);
        created.EnsureSuccessStatusCode();

        int refused = 0;
        await Gen.Select(Samples.Bodies, Gen.Enum<Precision>()).SampleAsync(
            async (body, precision) => refused += await AgreesAsync(influxd.Client, body, precision) ? 1 : 0,
            iter: 600,
            threads: 1);
        await Gen.Select(Samples.Bodies, Gen.Enum<Precision>()).SampleAsync(
            async (body, precision) =>
            {
                foreach (ReferenceParser.Line line in new ReferenceParser(precision).Parse(body).Take(8))
                    refused += await AgreesAsync(influxd.Client, body[line.Start..line.End], precision) ? 1 : 0;
            },
            iter: 250,
            threads: 1);

        Assert.InRange(refused, 200, 2_400);
    }

    /// <returns>Whether influxd told which lines it refuses.</returns>
    private static async Task<bool> AgreesAsync(HttpClient client, byte[] body, Precision precision)
    {
        BodyScan scan = LineScanner.Scan(body, precision);
        if (scan.FailsInfluxd || body.Length == 0)
            return false;

        HttpResponseMessage answer = await client.PostAsync(
            WriteUri + precision.ToQueryText(), new ByteArrayContent(body), TestContext.Current.CancellationToken);
        byte[] content = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        string error = JsonDocument.Parse(content).RootElement.GetProperty("error").GetString()!;

        bool allRefused = scan.Faults > 0 && scan.Points == 0 && !scan.EndsInfluxd;
        string expected = allRefused ? LineFaultText.Describe(body, precision, int.MaxValue) : NothingRefused;
        Assert.True(expected == error, $"{Encoding.Latin1.GetString(body)}\nexpected {expected}\nanswered {error}");
        Assert.Equal(allRefused ? HttpStatusCode.BadRequest : HttpStatusCode.InternalServerError, answer.StatusCode);
        return allRefused;
    }
}
