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
/// <param name="Cluster">YARP's cluster id.</param>
/// <param name="Members">Who is and who was a destination of the cluster.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">The log.</param>
internal sealed record CourierContext(
    Func<DeliveryOptions> Options,
    Func<(HttpMessageInvoker Invoker, Uri Address)?> Client,
    DeadLetters Letters,
    GapLedger Gaps,
    RefusedClients Refused,
    MirrorMetrics Metrics,
    string Cluster,
    Membership Members,
    TimeProvider Time,
    ILogger Log);
