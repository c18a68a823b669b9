using System.Diagnostics;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;

namespace Gateway.SystemTests.Bytes;

/// <summary>Bodies that are too large, broken or endless get a quick answer and cost bounded memory.</summary>
public sealed class HostileBodyTests
{
    private const int Limit = 25_000_000;

    [Theory]
    [InlineData("plain", Limit, 204)]
    [InlineData("plain", Limit + 1, 413)]
    [InlineData("chunked", Limit, 204)]
    [InlineData("chunked", Limit + 1, 413)]
    [InlineData("gzip", Limit, 204)]
    [InlineData("gzip", Limit + 1, 413)]
    public async Task A_body_over_25_MB_is_refused_inflated_or_not(string how, int size, int status)
    {
        await using Lab lab = await Lab.StartAsync();
        Answer answer = await SendAsync(lab.Client, how, Comment(size));
        answer.MustBe(status);
        Assert.True(answer.Took < TimeSpan.FromSeconds(10), answer.ToString());
        if (status == 413)
            Assert.Contains("\"error\"", answer.Body);
        await lab.WriteAsync("db1", "after v=1 1");
        await lab.AssertConvergedAsync();
        Assert.Equal(status == 413 ? 1 : 2, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task F34_A_gzip_bomb_is_refused_with_bounded_memory()
    {
        await using Lab lab = await Lab.StartAsync();
        byte[] bomb = Bomb(megabytes: 1000);
        await lab.WriteAsync("db1", "m v=1 1");
        long before = ProcessReading.PeakMemoryMB(lab.Gateway.Pid);
        for (int round = 0; round < 5; round++)
        {
            Answer answer = (await lab.Client.SendAsync(HttpMethod.Post, "/write?db=db1", Packed(bomb))).MustBe(413);
            Assert.True(answer.Took < TimeSpan.FromSeconds(5), answer.ToString());
        }

        Assert.InRange(ProcessReading.PeakMemoryMB(lab.Gateway.Pid) - before, 0, 250);
        await lab.AssertConvergedAsync();
        Assert.Equal(1, (await lab.B.PointsAsync("db1")).Count);
    }

    public static TheoryData<string> BrokenBodies() =>
    [
        "truncated gzip", "gzip with a wrong sum", "not gzip at all", "empty gzip body", "gzip called x-gzip",
        "gzip called GZIP",
    ];

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task F34_A_broken_or_misnamed_encoding_is_refused_as_by_influxd(string kind)
    {
        await using Lab lab = await Lab.StartAsync();
        Answer direct = await BrokenAsync(lab.A.Client, kind);
        Answer answer = await BrokenAsync(lab.Client, kind);
        Assert.Equal(400, direct.Status);
        answer.MustBe(400);
        Assert.Contains("\"error\"", answer.Body);
        Assert.True(answer.Took < TimeSpan.FromSeconds(5), answer.ToString());
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F34_A_chunked_upload_without_a_length_is_stored()
    {
        await using Lab lab = await Lab.StartAsync();
        StreamContent body = new(new MemoryStream(Encoding.ASCII.GetBytes("m v=1 1\nm v=2 2")));
        using HttpRequestMessage request = new();
        body.Headers.ContentLength = null;
        (await lab.Client.SendAsync(
            HttpMethod.Post, "/write?db=db1", body, ("Transfer-Encoding", "chunked"))).MustBe(204);
        byte[] packed = InfluxClient.Gzip(Encoding.ASCII.GetBytes("m v=3 3"));
        // Two gzip members in one body are one text.
        byte[] members = [.. packed, .. InfluxClient.Gzip(Encoding.ASCII.GetBytes("\nm v=4 4"))];
        (await lab.Client.SendAsync(HttpMethod.Post, "/write?db=db1", Packed(members))).MustBe(204);
        await lab.AssertConvergedAsync();
        Assert.Equal(4, (await lab.B.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("/write?db=db1")]
    [InlineData("/query")]
    public async Task F38_A_client_that_sends_a_byte_at_a_time_is_cut_and_others_go_on(string path)
    {
        await using Lab lab = await Lab.StartAsync();
        Task<TimeSpan>[] slow = [.. Enumerable.Range(0, 20).Select(_ => SlowLorisAsync(lab.Client.Address, path))];
        Stopwatch watch = Stopwatch.StartNew();
        int written = 0;
        while (!slow.All(client => client.IsCompleted) && watch.Elapsed < TimeSpan.FromSeconds(25))
        {
            Answer answer = await lab.Client.WriteAsync("db1", $"m v=1 {++written}");
            Assert.True(answer.MustBe(204).Took < TimeSpan.FromSeconds(2), answer.ToString());
            await Eventually.PauseAsync(TimeSpan.FromMilliseconds(20));
        }

        foreach (Task<TimeSpan> client in slow)
            Assert.True(client.IsCompletedSuccessfully, "a slow client was not cut within 25 s");
        await lab.AssertConvergedAsync();
        Assert.Equal(written, (await lab.B.PointsAsync("db1")).Count);
    }

    private static async Task<TimeSpan> SlowLorisAsync(Uri address, string path)
    {
        using TcpClient client = new();
        await client.ConnectAsync(address.Host, address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"));
        Stopwatch watch = Stopwatch.StartNew();
        Task<int> answered = stream.ReadAsync(new byte[100]).AsTask();
        try
        {
            while (!answered.IsCompleted)
            {
                await stream.WriteAsync("m"u8.ToArray());
                await Task.Delay(100);
            }

            await answered;
        }
        catch (IOException)
        {
            // Reset by the gateway: cut.
        }

        return watch.Elapsed;
    }

    private static Task<Answer> SendAsync(InfluxClient client, string how, byte[] body)
    {
        const string path = "/write?db=db1&consistency=all";
        switch (how)
        {
            case "gzip":
                return client.SendAsync(HttpMethod.Post, path, Packed(InfluxClient.Gzip(body)));
            case "chunked":
                StreamContent chunked = new(new MemoryStream(body));
                return client.SendAsync(HttpMethod.Post, path, chunked, ("Transfer-Encoding", "chunked"));
            default:
                // The length alone is enough to refuse it: asking first keeps the answer from being lost in a reset.
                return client.SendAsync(HttpMethod.Post, path, new ByteArrayContent(body), ("Expect", "100-continue"));
        }
    }

    private static Task<Answer> BrokenAsync(InfluxClient client, string kind)
    {
        byte[] packed = InfluxClient.Gzip(Encoding.ASCII.GetBytes("m v=1 1\n" + new string('#', 1000)));
        byte[] body = kind switch
        {
            "truncated gzip" => packed[..^12],
            "gzip with a wrong sum" => [.. packed[..^8], 1, 2, 3, 4, .. packed[^4..]],
            "not gzip at all" => "m v=1 1"u8.ToArray(),
            "empty gzip body" => [],
            _ => packed,
        };
        string encoding = kind switch
        {
            "gzip called x-gzip" => "x-gzip",
            "gzip called GZIP" => "GZIP",
            _ => "gzip",
        };
        ByteArrayContent content = new(body);
        content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        return client.SendAsync(HttpMethod.Post, "/write?db=db1", content);
    }

    /// <summary>One point behind a comment, of this many bytes together.</summary>
    private static byte[] Comment(int size)
    {
        byte[] body = new byte[size];
        body.AsSpan().Fill((byte)'x');
        body[0] = (byte)'#';
        "\nm v=1 1"u8.CopyTo(body.AsSpan(size - 8));
        return body;
    }

    private static byte[] Bomb(int megabytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
        {
            byte[] zeros = new byte[1_000_000];
            for (int megabyte = 0; megabyte < megabytes; megabyte++)
                gzip.Write(zeros);
        }

        return packed.ToArray();
    }

    private static ByteArrayContent Packed(byte[] body)
    {
        ByteArrayContent content = new(body);
        content.Headers.ContentEncoding.Add("gzip");
        return content;
    }
}
