namespace InfluxMirror.Delivery;

/// <summary>
/// Hears of a record's fate at each destination; derived from by whoever made the record. Called by the couriers'
/// threads, outside their locks; must not block or throw.
/// </summary>
public abstract class DeliveryWatch
{
    /// <summary>
    /// Whoever waited has been answered: the record is not withdrawn any more, and what becomes of it is the same when
    /// it is read back from disk, without a watch.
    /// </summary>
    public abstract bool IsAnswered { get; }

    /// <summary>The destination has the record.</summary>
    public abstract void Delivered(Courier courier, MirroredRecord record, DestinationAnswer answer);

    /// <summary>
    /// The destination refused the record. With <paramref name="parked"/> the courier keeps it for later, unless it
    /// is withdrawn; otherwise it is rejected, and the courier files a dead letter if the answer here is true.
    /// False promises that the watch does so itself, or says that none is wanted since the client was told
    /// (<see cref="Courier.FileDeadLetter"/>, <see cref="Courier.ForgoLetter"/>): until then the record has no fate.
    /// </summary>
    public abstract bool Refused(Courier courier, MirroredRecord record, DestinationAnswer answer, bool parked);

    /// <summary>
    /// The destination cannot be asked now: it is down, has a backlog, or the record had to be parked.
    /// </summary>
    public abstract void Unavailable(Courier courier, MirroredRecord record);
}
