using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Delivery;

/// <summary>What a courier is given by its cluster.</summary>
/// <param name="Options">The options as they are now.</param>
/// <param name="Client">
/// YARP's client of the cluster and the destination's address, as they are now; null when gone.
/// </param>
/// <param name="Letters">The cluster's dead letters.</param>
/// <param name="Gaps">What the cluster's destinations lack.</param>
/// <param name="Refused">Clients that were refused lately.</param>
/// <param name="Metrics">The instruments.</param>
/// <param name="Answering">How many destinations of the cluster answer.</param>
/// <param name="Cluster">YARP's cluster id.</param>
/// <param name="Members">The destinations of the cluster.</param>
/// <param name="WasKnown">Whether a destination without a cursor had been one before.</param>
/// <param name="WasAbsent">
/// Whether a destination was none for a while: only then files that it needs may have gone.
/// </param>
/// <param name="IsLateComer">Whether records were accepted before a destination that is added now.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">The log.</param>
internal sealed record CourierContext(
    Func<DeliveryOptions> Options,
    Func<(HttpMessageInvoker Invoker, Uri Address)?> Client,
    DeadLetters Letters,
    GapLedger Gaps,
    RefusedClients Refused,
    MirrorMetrics Metrics,
    Func<int> Answering,
    string Cluster,
    Func<IReadOnlyList<string>> Members,
    Func<string, bool> WasKnown,
    Func<string, bool> WasAbsent,
    Func<bool> IsLateComer,
    TimeProvider Time,
    ILogger Log);
