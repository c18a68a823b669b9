using System.ComponentModel.DataAnnotations;

namespace InfluxMirror.Inputs;

/// <summary>
/// A UDP socket that takes line protocol, by the keys of influxd's and influxdb-relay's <c>[[udp]]</c>.
/// </summary>
public sealed class UdpListenerOptions
{
    /// <summary>
    /// <c>*:9096</c>, <c>10.0.0.1:9096</c>, <c>[::1]:9096</c>; <c>*</c> is every address of both families. The
    /// library needs the port; the gateway puts that of its HTTP clients where there is none. Default <c>*</c>.
    /// </summary>
    public string? BindAddress { get; set; } = "*";

    /// <summary>
    /// Bytes of datagrams the kernel keeps until they are read; influxd's <c>read-buffer</c>. 0: the kernel's default.
    /// Default 4 MiB.
    /// </summary>
    [Range(0, 1_073_741_824)]
    public int ReadBuffer { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Unit of the timestamps: <c>n</c>, <c>u</c>, <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c>. Default <c>n</c>.
    /// </summary>
    public string? Precision { get; set; } = "n";

    /// <summary>The database the points go to. Has to be given.</summary>
    public string? Database { get; set; }

    /// <summary>Its retention policy; null for the database's default.</summary>
    public string? RetentionPolicy { get; set; }

    /// <summary>YARP's id of the cluster that gets the points; null for the only one that is mirrored.</summary>
    public string? Cluster { get; set; }

    /// <summary>Who writes, for servers that ask: a datagram brings no credentials.</summary>
    public string? Username { get; set; }

    /// <summary>The password of <see cref="Username"/>.</summary>
    public string? Password { get; set; }
}
