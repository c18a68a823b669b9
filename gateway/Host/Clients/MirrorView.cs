using InfluxMirror;

namespace Gateway.Clients;

/// <summary>What the host asks the mirror: two questions, cheap enough for every probe; and what it tells it.</summary>
internal sealed record MirrorView(
    Func<MirrorReadiness> Readiness, Func<IReadOnlyList<DestinationStatus>> Destinations)
{
    /// <summary>Passes on that a destination holds what the others hold; false when there is none of that id.</summary>
    public Func<string, bool> DeclareInSync { get; init; } = static _ => false;
}
