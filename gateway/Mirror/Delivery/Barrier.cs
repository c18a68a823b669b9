namespace InfluxMirror.Delivery;

/// <summary>
/// A statement as its lanes see it: it runs when it has come to the front of all of them and nothing is under way
/// in any, and none of them goes on before it is done.
/// </summary>
internal sealed class Barrier(MirroredRecord record, Sender sender)
{
    /// <summary>The statement.</summary>
    public MirroredRecord Record { get; } = record;

    /// <summary>Sends it.</summary>
    public Sender Sender { get; } = sender;

    /// <summary>Parked records on disk that it overrules and that have no fate yet.</summary>
    public ParkedOnDisk ToDiscard { get; } = new();

    /// <summary>The lanes it stands in.</summary>
    public List<Lane> Lanes { get; } = [];

    /// <summary>Lanes in which it has come to the front.</summary>
    public HashSet<Lane> Reached { get; } = [];

    /// <summary>It is being sent.</summary>
    public bool IsRunning { get; set; }
}
