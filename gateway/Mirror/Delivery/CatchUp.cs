using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// Reads the journal's disk for a courier that is behind what is in memory, on the thread pool and never on a
/// client's time: as much as the courier has room for, until memory goes on, at a pace that leaves clients theirs.
/// </summary>
internal sealed class CatchUp(Courier courier, JournalCursor cursor, ReadPatience patience) : BackgroundWork(courier)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);

    private readonly CatchUpPace _pace = new(courier.Time);

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (Courier.WantsMoreFromDisk())
        {
            if (!TryStep(out var pause) || pause > TimeSpan.Zero)
                await PauseAsync(pause).ConfigureAwait(false);
            else if (_pace.IsTimeToYield)
                await GiveWayAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Ended() => Courier.Pump();

    private async ValueTask GiveWayAsync()
    {
        var before = Courier.Time.GetTimestamp();
        await Task.Yield();
        var pause = _pace.Yielded(Courier.Time.GetElapsedTime(before));
        if (pause > TimeSpan.Zero)
            await PauseAsync(pause).ConfigureAwait(false);
    }

    private bool TryStep(out TimeSpan pause)
    {
        pause = Retry;
        var place = cursor.ReadThrough + 1;
        try
        {
            var step = cursor.ReadBack(Courier.NoteDamage);
            patience.NoteRead(place);
            var bytes = step.Record?.Size ?? 0;
            Courier.Accept(step);
            if (step.Record is null && step.Through < 0)
                return false;
            pause = _pace.Read(bytes, Courier.Pipeline.Options.MaxCatchUpMBPerSecond * 1024L * 1024L);
            return true;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            Courier.LogReadFault(fault.Message);
            pause = AfterFault;
            // What is given up is reported as damage.
            if (fault is DiskException failure && patience.IsOver(place, failure))
                cursor.SkipUnreadable();
            return false;
        }
    }
}
