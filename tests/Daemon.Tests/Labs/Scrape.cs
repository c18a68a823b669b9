using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>What a node's vrrpd says at <c>/metrics</c>, by name with labels.</summary>
internal static class Scrape
{
    private const int Port = 9098;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Asks it.</summary>
    public static async Task<IReadOnlyDictionary<string, double>> OfAsync(LabNode node)
    {
        using Socket socket = node.Place.Within(
            () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using CancellationTokenSource limit = new(Limit);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), limit.Token);
        await socket.SendAsync("GET /metrics HTTP/1.1\r\n\r\n"u8.ToArray(), limit.Token);
        using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream, Encoding.UTF8);
        Dictionary<string, double> samples = [];
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            int space = line.LastIndexOf(' ');
            if (line.StartsWith("vrrpd_", StringComparison.Ordinal))
                samples[line[..space]] = double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture);
        }

        return samples;
    }

    /// <summary>What counts more now than before, without what counts in peace too.</summary>
    public static IReadOnlyDictionary<string, double> Growth(
        IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after)
    {
        string[] counted = ["_refused_total", "_unknown_total", "_unreadable_total", "_alerts_total",
            "vrrpd_transitions_total"];
        return after.Where(sample => counted.Any(name => sample.Key.Contains(name, StringComparison.Ordinal))
                && sample.Value != before.GetValueOrDefault(sample.Key))
            .ToDictionary(sample => sample.Key, sample => sample.Value - before.GetValueOrDefault(sample.Key));
    }
}
