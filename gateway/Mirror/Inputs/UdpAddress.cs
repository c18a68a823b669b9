using System.Globalization;
using System.Net;

namespace InfluxMirror.Inputs;

/// <summary>Where a UDP listener binds.</summary>
/// <param name="Address">The address; null for every one of both families.</param>
/// <param name="Port">The port; null where none is written, 0 for any free one.</param>
public sealed record UdpAddress(IPAddress? Address, int? Port)
{
    /// <summary>
    /// Reads <c>*:9096</c>, <c>:9096</c>, <c>10.0.0.1:9096</c>, <c>[::1]:9096</c>, each with or without a port. As in
    /// influxd, <c>[::]</c> is every address of both families. Null when the text is none of that; names are not
    /// resolved.
    /// </summary>
    public static UdpAddress? Parse(string? text)
    {
        var (host, port) = Split(text ?? "");
        int? number = null;
        if (port is not null)
        {
            if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
                || parsed > IPEndPoint.MaxPort)
                return null;
            number = parsed;
        }

        if (host is "" or "*" or "::")
            return new UdpAddress(null, number);
        // A bare number would be read as an IPv4 address.
        return host.AsSpan().ContainsAny('.', ':') && IPAddress.TryParse(host, out var address)
            ? new UdpAddress(address, number)
            : null;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var host = Address switch
        {
            null => "*",
            { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } => $"[{Address}]",
            _ => Address.ToString(),
        };
        return Port is { } port ? string.Create(CultureInfo.InvariantCulture, $"{host}:{port}") : host;
    }

    private static (string Host, string? Port) Split(string text)
    {
        var close = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        if (close > 0)
        {
            var rest = text[(close + 1)..];
            if (rest.Length == 0)
                return (text[1..close], null);
            return rest[0] == ':' ? (text[1..close], rest[1..]) : (text, null);
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || text.LastIndexOf(':') != colon ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }
}
