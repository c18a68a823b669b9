using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Gateway.SystemTests.Operation;

/// <summary>What else an InfluxDB 1.x server serves, through the gateway.</summary>
public sealed class OtherPathsTests
{
    [Fact]
    public async Task Prometheus_samples_written_through_the_gateway_are_on_both_servers()
    {
        await using Lab lab = await Lab.StartAsync();
        lab.B.Kill();
        (await WritePrometheusAsync(lab.Client, "up", 1.5, 1_500_000_000_000)).MustBe(204);
        await lab.B.RestartAsync();
        (await WritePrometheusAsync(lab.Client, "up", 2.5, 1_500_000_001_000)).MustBe(204);
        await lab.AssertConvergedAsync();
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);

        byte[] query = Snappy(Query("up", 1_499_999_999_000, 1_500_000_002_000));
        Answer direct = await ReadPrometheusAsync(lab.A.Client, query);
        Answer answer = await ReadPrometheusAsync(lab.Client, query);
        Assert.Equal(200, direct.Status);
        Assert.Equal((direct.Status, direct.Body), (answer.Status, answer.Body));
        Assert.Equal(direct.Header("Content-Encoding"), answer.Header("Content-Encoding"));
    }

    [Fact]
    public async Task Debug_vars_is_answered_by_one_server()
    {
        await using Lab lab = await Lab.StartAsync();
        Answer answer = (await lab.Client.SendAsync(HttpMethod.Get, "/debug/vars")).MustBe(200);
        using JsonDocument document = JsonDocument.Parse(answer.Bytes);
        Assert.True(document.RootElement.TryGetProperty("memstats", out _));
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("GET", "/nothing/here")]
    [InlineData("OPTIONS", "/write")]
    [InlineData("GET", "/write")]
    [InlineData("PUT", "/write?db=db1")]
    [InlineData("HEAD", "/query?q=SHOW+DATABASES")]
    [InlineData("OPTIONS", "/query")]
    [InlineData("GET", "/query")]
    [InlineData("POST", "/write")]
    [InlineData("POST", "/write?db=db1&consistency=most")]
    [InlineData("GET", "/health")]
    [InlineData("POST", "/api/v2/write")]
    public async Task Other_requests_get_the_status_that_influxd_gives(string method, string path)
    {
        await using Lab lab = await Lab.StartAsync();
        HttpMethod verb = HttpMethod.Parse(method);
        Answer direct = await lab.A.Client.SendAsync(verb, path, Body(method));
        Answer answer = await lab.Client.SendAsync(verb, path, Body(method));
        Assert.Equal((direct.Status, direct.Body), (answer.Status, answer.Body));
        await lab.AssertConvergedAsync();
        Assert.Equal(0, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task Management_is_not_served_on_the_clients_listener()
    {
        await using Lab lab = await Lab.StartAsync();
        Answer direct = await lab.A.Client.SendAsync(HttpMethod.Get, "/status");
        Answer answer = await lab.Client.SendAsync(HttpMethod.Get, "/status");
        Assert.Equal(direct.Status, answer.Status);
        Answer live = await lab.Client.SendAsync(HttpMethod.Get, "/health/live", null,
            ("Host", lab.Gateway.Management.Address.Authority));
        Assert.Equal(404, live.Status);
        await lab.AssertConvergedAsync();
    }

    private static StringContent? Body(string method) =>
        method is "POST" or "PUT" ? new StringContent("m v=1 1") : null;

    private static Task<Answer> WritePrometheusAsync(InfluxClient client, string name, double value, long time)
    {
        byte[] metric = Message(1, [.. Text(1, "__name__"), .. Text(2, name)]);
        byte[] job = Message(1, [.. Text(1, "job"), .. Text(2, "x")]);
        byte[] number = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(number, value);
        byte[] sample = [0x09, .. number, 0x10, .. Varint((ulong)time)];
        byte[] request = Message(1, [.. metric, .. job, .. Message(2, sample)]);
        return SendAsync(client, "/api/v1/prom/write?db=db1", Snappy(request));
    }

    private static Task<Answer> ReadPrometheusAsync(InfluxClient client, byte[] query) =>
        SendAsync(client, "/api/v1/prom/read?db=db1", query);

    private static Task<Answer> SendAsync(InfluxClient client, string path, byte[] body)
    {
        ByteArrayContent content = new(body);
        content.Headers.Add("Content-Type", "application/x-protobuf");
        content.Headers.Add("Content-Encoding", "snappy");
        return client.SendAsync(HttpMethod.Post, path, content);
    }

    /// <summary>A ReadRequest for one metric between two times in milliseconds.</summary>
    private static byte[] Query(string name, long from, long to)
    {
        byte[] matcher = [.. Text(2, "__name__"), .. Text(3, name)];
        return Message(1, [0x08, .. Varint((ulong)from), 0x10, .. Varint((ulong)to), .. Message(3, matcher)]);
    }

    private static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    /// <summary>A length-delimited protobuf field.</summary>
    private static byte[] Message(int field, byte[] content) =>
        [(byte)(field << 3 | 2), .. Varint((ulong)content.Length), .. content];

    private static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        return [.. bytes, (byte)value];
    }

    /// <summary>Snappy's block format with literals only.</summary>
    private static byte[] Snappy(byte[] plain)
    {
        List<byte> packed = [.. Varint((ulong)plain.Length)];
        foreach (byte[] piece in plain.Chunk(60))
            packed.AddRange([(byte)((piece.Length - 1) << 2), .. piece]);
        return [.. packed];
    }
}
