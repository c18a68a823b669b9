using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

// Records of lanes that stand still, whose bytes are in the journal on disk only: so that a database that waits for
// long does not take the memory that the others flow through.
public sealed partial class Courier
{
    /// <summary>Records that are known by their position only.</summary>
    private const int MaxSpilled = 500_000;

    private static readonly TimeSpan BetweenSpills = TimeSpan.FromMilliseconds(50);

    private readonly ReturnFromDisk _laneReturn;
    private long _spilledAt;

    /// <summary>
    /// Leaves to the disk what waits in lanes that stand still while the destination answers; true when that made
    /// room. Of a destination that takes nothing, nothing more is needed in memory.
    /// </summary>
    private bool MakeRoom_NeedsLock()
    {
        if (IsFailing || IsStopping || (_spilledAt != 0 && Time.GetElapsedTime(_spilledAt) < BetweenSpills))
            return false;
        _spilledAt = Time.GetTimestamp();
        var left = MaxSpilled - _lanes.Values.Sum(static lane => lane.OnDisk);
        if (left <= 0)
            return false;
        foreach (var lane in _lanes.Values.Where(static lane => lane.IsStanding))
        {
            foreach (var record in lane.Spill(Memory.Standing, record => MaySpill(record) && left-- > 0))
            {
                Tally.SpillTaken(record.Size);
                record.LetGo();
            }
        }

        if (!HasRoom)
            return false;
        _cursor.DemandDurable();
        return true;

        static bool MaySpill(MirroredRecord record) =>
            record.Letter == 0 && !record.IsWithdrawn && (record.Watch?.IsAnswered ?? true);
    }

    /// <summary>What comes next in a lane has to be read back before it can be sent.</summary>
    private void Load_NeedsLock(Lane lane)
    {
        if (lane.IsNextOnDisk)
            _laneReturn.Start();
    }

    /// <summary>
    /// Whether a lane waits for records that are on disk only, and how to take the next ones; not while they are on
    /// their way to the disk.
    /// </summary>
    private bool IsLoading(out Action? take)
    {
        take = null;
        lock (_gate)
        {
            if (IsStopping || _lanes.Values.FirstOrDefault(static lane => lane.IsNextOnDisk) is not { } lane)
                return false;
            var next = lane.NextOnDisk(HasRoom ? Memory.Loaded : Memory.LeastLoaded, _progress.DurableThrough);
            if (next.Count > 0)
                take = () => Load(lane, next);
            return true;
        }
    }

    /// <summary>Takes back these records from the disk; those of them that cannot be read are lost.</summary>
    /// <exception cref="DiskException">The disk fails; the next call tries again.</exception>
    private void Load(Lane lane, IReadOnlyList<SpilledRecord> positions)
    {
        var next = 0;
        var wanted = new PositionRuns();
        foreach (var spilled in positions)
            wanted.Add(spilled.Position, spilled.Position);
        foreach (var record in _progress.ReadBack(wanted, NoteDamage))
        {
            lock (_gate)
            {
                if (IsStopping)
                {
                    record.LetGo();
                    return;
                }

                for (; positions[next].Position < record.Position; next++)
                    Lose_NeedsLock(lane, positions[next]);
                next++;
                if (!lane.TryLoad(record))
                {
                    record.LetGo();
                    continue;
                }

                Tally.SpillTaken(-record.Size);
                Start_NeedsLock(lane);
            }
        }

        lock (_gate)
        {
            for (; next < positions.Count; next++)
                Lose_NeedsLock(lane, positions[next]);
            // What comes behind those that are gone may be in memory, or a statement.
            Start_NeedsLock(lane);
            Reach_NeedsLock(lane);
            Tidy_NeedsLock(lane);
        }
    }

    private void Lose_NeedsLock(Lane lane, SpilledRecord spilled)
    {
        if (lane.TryTakeOnDisk(spilled.Position))
            DropSpilled_NeedsLock(spilled, DropCause.Damaged);
    }

    private void DropSpilled_NeedsLock(SpilledRecord spilled, DropCause cause)
    {
        NeedsResync = true;
        Tally.Drop(spilled, cause);
        _progress.Settled(spilled);
        _cursor.CompleteReleased(spilled.Position);
    }
}
