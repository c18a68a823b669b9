using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Gateway.SystemTests.Udp;

/// <summary>Line protocol by UDP, on the port number of the HTTP clients.</summary>
public sealed class UdpTests(ITestOutputHelper output)
{
    private const string Datagrams = "influxmirror_udp_datagrams_total";
    private const string Accepted = "influxmirror_udp_points_total";
    private const string Refused = "influxmirror_udp_refused_total";
    private const string KernelDrops = "influxmirror_udp_kernel_drops_total";
    private const long FirstTime = 1_700_000_000_000_000_000;

    [Fact]
    public async Task Points_sent_by_UDP_arrive_equally_at_both_servers()
    {
        await using Lab lab = await Lab.StartAsync(With("""{ "Database": "db1" }"""));
        using UdpClient client = new(AddressFamily.InterNetwork);
        using UdpClient other = new(AddressFamily.InterNetworkV6);
        await SendAsync(client, lab, IPAddress.Loopback,
            "m,host=a v=1 1\nm,host=b v=2", "n s=\"two\nlines\" 2\n", "# a=\"comment", "k v=1 1\nbad\nk v=3 3");
        await SendAsync(other, lab, IPAddress.IPv6Loopback, "m,host=c v=4", "m a,b=\"=1,c=\",d=\"");
        await ReceivedAsync(lab, 6);

        await lab.AssertConvergedAsync();
        string[] points = [.. (await lab.A.PointsAsync("db1")).Points];
        Assert.Equal(6, points.Length);
        Assert.Contains("autogen k 3 v=3", points);
        Assert.Contains("autogen n 2 s=\"two\\nlines\"", points);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((6.0, 2.0, 0.0), (page.Total(Accepted), page.Total(Refused), page.Total(KernelDrops)));
        Assert.Contains("unable to parse 'bad': missing fields", lab.Gateway.Log);
        Assert.True(lab.A.IsRunning && lab.B.IsRunning);
        AssertReadBuffer(lab, page);
    }

    [Fact]
    public async Task A_hundred_thousand_points_a_second_are_stored_or_counted()
    {
        const int rate = 10_000, perDatagram = 10, seconds = 4;
        await using Lab lab = await Lab.StartAsync(With("""{ "Database": "db1" }"""));
        using UdpClient client = new(AddressFamily.InterNetwork);
        client.Connect(IPAddress.Loopback, lab.Client.Address.Port);
        TimeSpan before = ProcessorTime(lab);
        Stopwatch watch = Stopwatch.StartNew();
        int sent = 0;
        byte[][] series = [.. Enumerable.Range(0, perDatagram)
            .Select(i => Encoding.ASCII.GetBytes($"cpu,host=server{i:d2},region=us-west usage_user=12.5,value="))];
        await Task.Factory.StartNew(() =>
        {
            byte[] datagram = new byte[2048];
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                for (; sent < watch.Elapsed.TotalSeconds * rate; sent++)
                    client.Client.Send(datagram.AsSpan(0, Fill(datagram, series, sent)));
                Thread.Sleep(1);
            }
        }, TaskCreationOptions.LongRunning);
        double achieved = sent / watch.Elapsed.TotalSeconds;
        MetricsPage? page = null;
        await Eventually.ReasonGoneAsync("every datagram is received or counted as dropped", async () =>
        {
            page = await lab.Gateway.MetricsAsync();
            double known = page.Total(Datagrams)!.Value + page.Total(KernelDrops)!.Value;
            return known == sent ? null : $"{known} of {sent} are";
        });
        TimeSpan used = ProcessorTime(lab) - before;
        await Eventually.ReasonGoneAsync("every point is appended or refused", async () =>
        {
            page = await lab.Gateway.MetricsAsync();
            double known = page.Total(Accepted)!.Value + page.Total(Refused)!.Value;
            return known == page.Total(Datagrams) * perDatagram ? null : $"{known} are";
        });
        output.WriteLine($"{achieved:0} datagrams/s, {sent} sent, {page!.Total(KernelDrops)} dropped by the kernel, "
            + $"{page.Total(Refused)} points refused, gateway used {used.TotalMilliseconds:0} ms of CPU in "
            + $"{watch.Elapsed}");

        Assert.InRange(achieved, rate * 0.8, rate * 1.1);
        Assert.Equal(0, page.Total(Refused));
        Assert.Equal(sent * perDatagram, page.Total(Accepted) + (page.Total(KernelDrops) * perDatagram));
        await lab.Gateway.SettledAsync(TimeSpan.FromSeconds(60));
        await lab.Gateway.AssertAccountingAsync();
        Assert.Equal(page.Total(Accepted), await CountAsync(lab.A));
        Assert.Equal(page.Total(Accepted), await CountAsync(lab.B));
    }

    [Fact]
    public async Task What_the_kernel_drops_is_counted_as_the_kernel_does_and_the_rest_is_stored()
    {
        const int sent = 20_000;
        await using Lab lab = await Lab.StartAsync(With("""{ "Database": "db1", "ReadBuffer": 262144 }"""));
        using UdpClient client = new(AddressFamily.InterNetwork);
        client.Connect(IPAddress.Loopback, lab.Client.Address.Port);
        // In bursts, with the gateway standing still in some of them: more than fits the buffer.
        for (int i = 0; i < sent; i++)
        {
            if (i % 4000 == 1000)
                lab.Gateway.Pause();
            else if (i % 4000 == 3000)
                lab.Gateway.Resume();
            client.Client.Send(Encoding.ASCII.GetBytes($"cpu value={i}i {FirstTime + i}\n"));
            if (i % 100 == 0)
                Thread.Sleep(1);
        }

        MetricsPage? page = null;
        await Eventually.ReasonGoneAsync("every datagram is received or counted as dropped", async () =>
        {
            page = await lab.Gateway.MetricsAsync();
            double known = page.Total(Datagrams)!.Value + page.Total(KernelDrops)!.Value;
            return known == sent && page.Total(Accepted) == page.Total(Datagrams) ? null : $"{known} of {sent} are";
        });
        output.WriteLine($"{page!.Total(KernelDrops)} of {sent} dropped by the kernel");

        Assert.InRange(page.Total(KernelDrops)!.Value, 1, sent - 1);
        Assert.Equal(await DropsOfKernelAsync(lab.Client.Address.Port), page.Total(KernelDrops));
        await lab.AssertConvergedAsync();
        Assert.Equal(page.Total(Accepted), await CountAsync(lab.A));
        Assert.Equal(page.Total(Accepted), await CountAsync(lab.B));
    }

    [Fact]
    public async Task What_was_received_before_SIGTERM_is_stored()
    {
        await using Lab lab = await Lab.StartAsync(With("""{ "Database": "db1" }"""));
        using UdpClient client = new(AddressFamily.InterNetwork);
        for (int i = 0; i < 2000; i++)
            await SendAsync(client, lab, IPAddress.Loopback, $"m v={i} {i}");

        Assert.Equal(0, await lab.Gateway.StopAsync(TimeSpan.FromSeconds(15)));

        Assert.Equal(2000, (await lab.A.PointsAsync("db1")).Count);
        await lab.AssertSamePointsAsync();
    }

    [Fact]
    public async Task A_database_made_later_gets_what_came_before_it()
    {
        await using Lab lab = await Lab.StartAsync(With("""{ "Database": "late" }"""));
        using UdpClient client = new(AddressFamily.InterNetwork);
        await SendAsync(client, lab, IPAddress.Loopback, "m v=1 1");
        await Eventually.TrueAsync("the point is parked at both",
            async () => (await lab.Gateway.MetricsAsync()).Total("points_parked") == 2);
        await lab.Client.MustQueryAsync("CREATE DATABASE late");

        await lab.AssertConvergedAsync();
        Assert.Equal(["autogen m 1 v=1"], (await lab.A.PointsAsync("late")).Points);
    }

    [Fact]
    public async Task Servers_that_ask_who_writes_are_told()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            A = new() { Name = "a", Authentication = true },
            B = new() { Name = "b", Authentication = true },
            Configuration = new GatewayConfiguration().With($$"""
                {
                  "Mirror": {
                    "Udp": {
                      "test": {
                        "Database": "db1", "Precision": "s",
                        "Username": "{{InfluxServer.AdminUser}}", "Password": "{{InfluxServer.AdminPassword}}"
                      }
                    }
                  }
                }
                """),
        });
        using UdpClient client = new(AddressFamily.InterNetwork);
        await SendAsync(client, lab, IPAddress.Loopback, "m v=1 1");
        await ReceivedAsync(lab, 1);

        await lab.Gateway.SettledAsync();
        Assert.Equal(["autogen m 1000000000 v=1"], (await lab.A.PointsAsync("db1")).Points);
        await lab.AssertSamePointsAsync();
        Assert.DoesNotContain(InfluxServer.AdminPassword, lab.Gateway.Log);
    }

    /// <summary>The 4 MB that are the default, if the process may ask past the kernel's limit.</summary>
    private static void AssertReadBuffer(Lab lab, MetricsPage page)
    {
        const int wanted = 4 * 1024 * 1024;
        double granted = page.Total("influxmirror_udp_read_buffer_bytes")!.Value;
        const string limit = "/proc/sys/net/core/rmem_max";
        if (MayAdministerTheNetwork())
            Assert.Equal(wanted, granted);
        else
            Assert.Equal(Math.Min(wanted, int.Parse(File.ReadAllText(limit), CultureInfo.InvariantCulture)), granted);
        Assert.Equal(granted < wanted, lab.Gateway.Log.Contains("the kernel grants a receive buffer of"));
    }

    /// <summary>CAP_NET_ADMIN, which root lacks in some containers.</summary>
    private static bool MayAdministerTheNetwork()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("CapEff:"));
        long capabilities = long.Parse(line["CapEff:".Length..].Trim(), NumberStyles.HexNumber);
        return (capabilities & (1L << 12)) != 0;
    }

    private static LabOptions With(string listener) => new()
    {
        Configuration = new GatewayConfiguration()
            .With($$"""{ "Mirror": { "Udp": { "test": {{listener}} } } }"""),
    };

    private static async Task SendAsync(UdpClient client, Lab lab, IPAddress to, params string[] datagrams)
    {
        foreach (string datagram in datagrams)
            await client.SendAsync(Encoding.UTF8.GetBytes(datagram), new IPEndPoint(to, lab.Client.Address.Port));
    }

    private static Task ReceivedAsync(Lab lab, int datagrams) =>
        Eventually.TrueAsync($"{datagrams} datagrams are received and their points accepted", async () =>
        {
            MetricsPage page = await lab.Gateway.MetricsAsync();
            return page.Total(Datagrams) == datagrams && page.Total(Accepted) > 0;
        });

    /// <summary>Writes one point for each series, all at a time of this datagram's own.</summary>
    private static int Fill(byte[] datagram, byte[][] series, int number)
    {
        int length = 0;
        foreach (byte[] start in series)
        {
            start.CopyTo(datagram, length);
            length += start.Length;
            length += Encoding.ASCII.GetBytes($"{number}i {FirstTime + number}\n", datagram.AsSpan(length));
        }

        return length;
    }

    private static async Task<double> CountAsync(InfluxServer server)
    {
        Answer answer = (await server.Client.QueryAsync("SELECT count(value) FROM cpu", "db1")).MustBe(200);
        using JsonDocument document = JsonDocument.Parse(answer.Bytes);
        return document.RootElement.GetProperty("results")[0].GetProperty("series")[0]
            .GetProperty("values")[0][1].GetDouble();
    }

    /// <summary>The kernel's own account of the listener's socket: the last column, by local port.</summary>
    private static async Task<double?> DropsOfKernelAsync(int port)
    {
        string end = $":{port:X4}";
        string[] lines = await File.ReadAllLinesAsync("/proc/net/udp6", TestContext.Current.CancellationToken);
        string[] columns = lines
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(columns => columns[1].EndsWith(end, StringComparison.Ordinal));
        return double.Parse(columns[^1], CultureInfo.InvariantCulture);
    }

    private static TimeSpan ProcessorTime(Lab lab)
    {
        using Process process = Process.GetProcessById(lab.Gateway.Pid);
        return process.TotalProcessorTime;
    }
}
