using InfluxMirror;

namespace Gateway.Clients;

/// <summary>What the host asks the mirror: two questions, cheap enough for every probe.</summary>
internal sealed record MirrorView(
    Func<MirrorReadiness> Readiness, Func<IReadOnlyList<DestinationStatus>> Destinations);
