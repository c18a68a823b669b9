namespace InfluxMirror.Delivery;

/// <summary>
/// The account of one destination, in points. Every accepted point is in exactly one of delivered, pending,
/// rejected and dropped; parked ones are pending. Written under the courier's lock, read by anybody.
/// </summary>
public sealed class CourierTally
{
    private readonly long[] _dropped = new long[Enum.GetValues<DropCause>().Length];
    private long _accepted, _delivered, _rejected;
    private long _pending, _pendingBytes, _pendingRecords, _parked, _parkedRecords;
    private long _takenBytes, _parkedBytes, _decided, _settledBytes;

    // What of the account is no doing of this process: the rest of it only grows. Belongs to the courier's lock.
    private PointTotals _before = new(0, 0, 0, new long[Enum.GetValues<DropCause>().Length]);

    /// <summary>Points accepted while it was a destination.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Points it confirmed.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Points it refused, or that were withdrawn or set aside.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Points given up, for whatever cause.</summary>
    public long Dropped
    {
        get
        {
            long sum = 0;
            foreach (ref var points in _dropped.AsSpan())
                sum += Interlocked.Read(ref points);
            return sum;
        }
    }

    /// <summary>Grows whenever a record gets its fate.</summary>
    internal long Decided => Interlocked.Read(ref _decided);

    /// <summary>Points that wait, counted one by one as they come and go, not derived from the others.</summary>
    public long Pending => Interlocked.Read(ref _pending);

    /// <summary>Bytes that wait: bodies, and paths with their queries.</summary>
    public long PendingBytes => Math.Max(0, Interlocked.Read(ref _pendingBytes));

    /// <summary>Records that wait and are not parked, those without points included.</summary>
    public long WaitingRecords => Interlocked.Read(ref _pendingRecords) - Interlocked.Read(ref _parkedRecords);

    /// <summary>Bytes that have got their fate since the start.</summary>
    public long SettledBytes => Interlocked.Read(ref _settledBytes);

    /// <summary>Memory that records take that wait and are not parked.</summary>
    public long TakenBytes => Interlocked.Read(ref _takenBytes);

    /// <summary>Memory that parked records take.</summary>
    internal long ParkedBytes => Interlocked.Read(ref _parkedBytes);

    /// <summary>Points among the pending that are parked.</summary>
    public long Parked => Interlocked.Read(ref _parked);

    /// <summary>Points given up for one cause.</summary>
    public long DroppedAs(DropCause cause) => Interlocked.Read(ref _dropped[(int)cause]);

    /// <summary>
    /// All of it at one moment, if nothing comes meanwhile; see <see cref="Courier.ReadTally"/>.
    /// </summary>
    internal TallyReading Read()
    {
        var account = new PointTotals(
            Accepted, Delivered, Rejected, [.. Enum.GetValues<DropCause>().Select(DroppedAs)]);
        return new TallyReading(account, Pending, account.Since(_before));
    }

    internal void Accept(int points, int bytes)
    {
        Interlocked.Add(ref _accepted, points);
        Interlocked.Add(ref _pending, points);
        Interlocked.Add(ref _pendingBytes, bytes);
        Interlocked.Increment(ref _pendingRecords);
    }

    /// <summary>It is on disk since before: in the account, but nothing that this process accepted.</summary>
    internal void AcceptFound(int points, int bytes)
    {
        Accept(points, bytes);
        _before = _before with { Accepted = _before.Accepted + points };
    }

    /// <summary>The courier has taken it from the journal.</summary>
    internal void Take(MirroredRecord record) => Interlocked.Add(ref _takenBytes, record.Size);

    internal void Deliver(MirroredRecord record, int rejected)
    {
        // A letter's points are counted as rejected, until its retry is on disk.
        if (record.Letter != 0)
            return;
        rejected = Math.Min(rejected, record.Points);
        Interlocked.Add(ref _delivered, record.Points - rejected);
        Interlocked.Add(ref _rejected, rejected);
        Leave(record);
    }

    internal void Reject(MirroredRecord record)
    {
        if (record.Letter != 0)
            return;
        Interlocked.Add(ref _rejected, record.Points);
        Leave(record);
    }

    /// <summary>Points of a dead letter were delivered after all.</summary>
    internal void Redeem(long points)
    {
        // Without its cursor file the account began anew, and may not know of them.
        points = Math.Min(points, Rejected);
        Interlocked.Add(ref _rejected, -points);
        Interlocked.Add(ref _delivered, points);
        // They were refused all the same.
        _before = _before with { Rejected = _before.Rejected - points };
    }

    internal void Drop(MirroredRecord record, DropCause cause)
    {
        Interlocked.Add(ref _dropped[(int)cause], record.Points);
        Leave(record);
    }

    /// <summary>Points that were pending when the gateway ended and cannot be read any more.</summary>
    internal void DropLost(long points, long bytes, long records) =>
        Drop(points, bytes, records, DropCause.Damaged);

    private void Drop(long points, long bytes, long records, DropCause cause)
    {
        Interlocked.Add(ref _dropped[(int)cause], points);
        Interlocked.Add(ref _pending, -points);
        Interlocked.Add(ref _pendingBytes, -bytes);
        Interlocked.Add(ref _pendingRecords, -records);
    }

    /// <summary>What it amounts to.</summary>
    internal TallySnapshot Snapshot() => new(
        Accepted, Delivered, Rejected, Dropped, Interlocked.Read(ref _pendingBytes),
        Interlocked.Read(ref _pendingRecords), DroppedAs(DropCause.Full), DroppedAs(DropCause.Aged),
        DroppedAs(DropCause.Damaged));

    /// <summary>Goes on where another one ended.</summary>
    internal void Restore(TallySnapshot saved)
    {
        var dropped = new long[_dropped.Length];
        dropped[(int)DropCause.Full] = saved.Full;
        dropped[(int)DropCause.Aged] = saved.Aged;
        dropped[(int)DropCause.Damaged] = saved.Damaged;
        dropped[(int)DropCause.Unknown] = saved.Dropped - saved.Full - saved.Aged - saved.Damaged;
        _before = new PointTotals(saved.Accepted, saved.Delivered, saved.Rejected, dropped);
        Interlocked.Add(ref _accepted, saved.Accepted);
        Interlocked.Add(ref _delivered, saved.Delivered);
        Interlocked.Add(ref _rejected, saved.Rejected);
        for (var cause = 0; cause < dropped.Length; cause++)
            Interlocked.Add(ref _dropped[cause], dropped[cause]);
        Interlocked.Add(ref _pending, saved.Pending);
        Interlocked.Add(ref _pendingBytes, saved.PendingBytes);
        Interlocked.Add(ref _pendingRecords, saved.PendingRecords);
    }

    internal void Park(MirroredRecord record)
    {
        Interlocked.Add(ref _parked, record.Points);
        Interlocked.Increment(ref _parkedRecords);
        Interlocked.Add(ref _takenBytes, -record.Size);
        Interlocked.Add(ref _parkedBytes, record.Size);
    }

    internal void Unpark(MirroredRecord record)
    {
        Interlocked.Add(ref _parked, -record.Points);
        Interlocked.Decrement(ref _parkedRecords);
        Interlocked.Add(ref _takenBytes, record.Size);
        Interlocked.Add(ref _parkedBytes, -record.Size);
    }

    /// <summary>A parked record of this size is on disk only, from now on; or, negative, it is back in memory.
    /// </summary>
    internal void Spill(long bytes) => Interlocked.Add(ref _parkedBytes, -bytes);

    /// <summary>
    /// A record of this size that waits in a lane is on disk only, from now on; or, negative, it is back in memory.
    /// </summary>
    internal void SpillTaken(long bytes) => Interlocked.Add(ref _takenBytes, -bytes);

    /// <summary>Parked records that are on disk only cannot be read any more.</summary>
    internal void LoseParked(long points, long bytes, long records)
    {
        Interlocked.Add(ref _parked, -points);
        Interlocked.Add(ref _parkedRecords, -records);
        Interlocked.Add(ref _decided, records);
        Drop(points, bytes, records, DropCause.Damaged);
    }

    /// <summary>A record that is on disk only is given up.</summary>
    internal void Drop(SpilledRecord spilled, DropCause cause)
    {
        Interlocked.Increment(ref _decided);
        Drop(spilled.Points, spilled.Bytes, 1, cause);
    }

    private void Leave(MirroredRecord record)
    {
        Interlocked.Add(ref _pending, -record.Points);
        Interlocked.Add(ref _pendingBytes, -record.Bytes);
        Interlocked.Decrement(ref _pendingRecords);
        Interlocked.Increment(ref _decided);
        Interlocked.Add(ref _settledBytes, record.Bytes);
        Interlocked.Add(ref _takenBytes, -record.Size);
    }
}

/// <summary>
/// An account at one moment, in points; bytes and records of what is pending; of the dropped ones, how many for which
/// cause, as far as that is known.
/// </summary>
internal readonly record struct TallySnapshot(
    long Accepted, long Delivered, long Rejected, long Dropped, long PendingBytes, long PendingRecords,
    long Full = 0, long Aged = 0, long Damaged = 0)
{
    /// <summary>Points without a fate.</summary>
    public long Pending => Accepted - Delivered - Rejected - Dropped;
}
