using System.Collections.Concurrent;
using InfluxMirror.Delivery;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What became of one record at each destination; asks for a dead letter of every refusal.</summary>
internal sealed class Fates : DeliveryWatch
{
    private readonly ConcurrentQueue<(string Destination, string Fate)> _all = new();

    public MirroredRecord Record { get; set; } = null!;

    public string[] At(string destination) =>
        [.. _all.Where(one => one.Destination == destination).Select(static one => one.Fate)];

    /// <summary>What it became in the end; null as long as nothing is decided.</summary>
    public string? EndAt(string destination) =>
        At(destination).LastOrDefault(static fate => fate is "delivered" or "rejected");

    public override bool IsAnswered => true;

    public override void Delivered(Courier courier, MirroredRecord record, DestinationAnswer answer) =>
        _all.Enqueue((courier.Destination, "delivered"));

    public override bool Refused(Courier courier, MirroredRecord record, DestinationAnswer answer, bool parked)
    {
        _all.Enqueue((courier.Destination, parked ? "parked" : "rejected"));
        return !parked;
    }

    public override void Unavailable(Courier courier, MirroredRecord record) =>
        _all.Enqueue((courier.Destination, "unavailable"));
}
