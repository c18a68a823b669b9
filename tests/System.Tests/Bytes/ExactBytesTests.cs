using System.Text;

namespace Gateway.SystemTests.Bytes;

/// <summary>What came in is what goes out, and is stored as one influxd would store it.</summary>
public sealed class ExactBytesTests
{
    /// <summary>Bodies whose lines all have timestamps, so that nothing needs to be added.</summary>
    private static readonly string[] Stamped =
    [
        "m v=1 -1",
        "m v=2 -9223372036854775806",
        "m v=3 9223372036854775806",
        "m\\ with\\,odd\\=name,tag\\ key=tag\\,value\\=x field\\ key=1 5",
        "m,t=a s=\"line one\nline two\" 6",
        "m s=\"quote \\\" and backslash \\\\\" 7",
        "m s=\"CR and LF\r\ninside\" 8\nm v=8 9\n",
        "# a comment\nm v=9 10\n  # another\n\n\nm v=10 11\n",
        "m v=11 12   \n",
        "   m v=12 13",
        "größe,ort=Zürich wert=1.5,text=\"日本語 🚀\" 14",
        "m s=\"" + new string('z', 64 * 1024) + "\" 15",
        "types v=1i,w=-9223372036854775808i,b=t,c=F,d=TRUE,e=false 16",
        "floats v=1e308,w=-1.5E-10,x=.5,y=1. 17",
        "m,a=1,b=2,c=3 v=1 18",
        "m,c=3,b=2,a=1 v=2 18",
        "m s=\"nul\0inside\" 19",
        "m\\tn v=1 20",
        "m,t=tab\there v=1 22",
    ];

    private static readonly string[] Refused =
    [
        "m v=NaN 1", "m v=Inf 1", "m v=+1 1", "m v=1 9223372036854775808", "m v= 1",
        "m 1", "m,t= v=1 1", ",t=a v=1 1",
        "m v=7 8\r\n", "m s=\"x\" 8\r\nm v=8 9\r\n", "m\\\\ v=1 21", "m v=1 1 1", "m v=1,v 1", "m,t v=1 1",
        "m v=9223372036854775808i 1", "m v=\"open 1", "", "\n", "# only this",
    ];

    [Fact]
    public async Task F33_Odd_lines_are_stored_and_answered_as_by_one_influxd()
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Configuration = GatewayConfiguration.Patient, Databases = [] });
        await using InfluxServer reference = await InfluxServer.StartAsync(new InfluxSettings { Name = "reference" });
        string[] bodies = [.. Stamped, .. Refused];
        await BothAsync(lab, reference, Enumerable.Range(0, bodies.Length).Select(number => $"d{number}"));
        for (int number = 0; number < bodies.Length; number++)
        {
            Answer direct = await reference.WriteAsync($"d{number}", bodies[number]);
            Answer answer = await lab.Client.WriteAsync($"d{number}", bodies[number]);
            Assert.True((direct.Status, direct.Body) == (answer.Status, answer.Body),
                $"{Shown(bodies[number])}: influxd {direct}, gateway {answer}");
        }

        await lab.AssertConvergedAsync();
        for (int number = 0; number < bodies.Length; number++)
            PointComparison.AssertEqual(
                await reference.PointsAsync($"d{number}"), await lab.B.PointsAsync($"d{number}"));
    }

    [Fact]
    public async Task F45_Destinations_receive_the_bytes_that_came_in()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        foreach (string body in Stamped)
        {
            await lab.WriteAsync("db1", body, "consistency=all");
            AssertLastBody(lab, Encoding.UTF8.GetBytes(body), body);
        }

        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F45_Only_timestamps_are_added_where_there_are_none()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await lab.WriteAsync("db1", "m v=1\n# c\nm,t=a s=\"x\ny\"\n\nn v=2 77 \no v=3", "consistency=all");
        string atA = lab.ProxyA.Writes.Last().Text;
        string stamp = atA[(atA.LastIndexOf(' ') + 1)..];
        Assert.Matches("^[0-9]{19}$", stamp);
        Assert.Equal($"m v=1 {stamp}\n# c\nm,t=a s=\"x\ny\" {stamp}\n\nn v=2 77 \no v=3 {stamp}", atA);
        Assert.Equal(atA, lab.ProxyB.Writes.Last().Text);
        await lab.AssertConvergedAsync();
        Assert.Equal(4, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task F45_A_compressed_body_is_forwarded_as_it_came()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        byte[] packed = InfluxClient.Gzip(Encoding.UTF8.GetBytes("m v=1 1\nm v=2 2\n"));
        ByteArrayContent content = new(packed);
        content.Headers.ContentEncoding.Add("gzip");
        (await lab.Client.SendAsync(HttpMethod.Post, "/write?db=db1&consistency=all", content)).MustBe(204);
        AssertLastBody(lab, packed, "gzip");
        await lab.AssertConvergedAsync();
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
    }

    private static void AssertLastBody(Lab lab, byte[] expected, string what)
    {
        foreach (FaultyServer proxy in new[] { lab.ProxyA, lab.ProxyB })
        {
            byte[] arrived = proxy.Writes.Last().Body;
            Assert.True(expected.AsSpan().SequenceEqual(arrived),
                $"sent {Shown(what)}, arrived {Shown(Encoding.UTF8.GetString(arrived))}");
        }
    }

    private static async Task BothAsync(Lab lab, InfluxServer reference, IEnumerable<string> databases)
    {
        string create = string.Join("; ", databases.Select(db => $"CREATE DATABASE {db}"));
        await lab.Client.MustQueryAsync(create);
        await reference.Client.MustQueryAsync(create);
    }

    private static string Shown(string text) =>
        (text.Length > 120 ? text[..120] + "..." : text).Replace("\r", "\\r").Replace("\n", "\\n").Replace("\0", "\\0");
}
