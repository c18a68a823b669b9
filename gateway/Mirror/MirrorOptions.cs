using InfluxMirror.Delivery;
using InfluxMirror.Inputs;
using InfluxMirror.Journal;
using InfluxMirror.Reads;
using InfluxMirror.Writes;
using Microsoft.Extensions.Options;

namespace InfluxMirror;

/// <summary>
/// What the mirror can be told, composed of its folders' options. In the gateway's file this is the section
/// <c>Mirror</c>. Routes, clusters, destinations and health checks are YARP's own schema.
/// </summary>
public sealed class MirrorOptions
{
    /// <summary>The journal: durability, size, what happens at its limit.</summary>
    [ValidateObjectMembers]
    public JournalOptions Journal { get; set; } = new();

    /// <summary>Delivery to the destinations: batches, timeouts, retries.</summary>
    [ValidateObjectMembers]
    public DeliveryOptions Delivery { get; set; } = new();

    /// <summary>What a writing client is promised.</summary>
    [ValidateObjectMembers]
    public WriteOptions Writes { get; set; } = new();

    /// <summary>Which destination may answer a read.</summary>
    [ValidateObjectMembers]
    public ReadOptions Reads { get; set; } = new();

    /// <summary>UDP listeners by name; none by default. Read once, at start.</summary>
    public Dictionary<string, UdpListenerOptions> Udp { get; set; } = [];
}

/// <summary>Checks every range stated on the options; generated, so that no reflection is needed.</summary>
[OptionsValidator]
public sealed partial class MirrorOptionsValidator : IValidateOptions<MirrorOptions>;
