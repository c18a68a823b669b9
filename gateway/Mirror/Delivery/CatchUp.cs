using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// Reads the journal's disk for a courier that is behind what is in memory, on the thread pool and never on a
/// client's time: as much as the courier has room for, until memory goes on.
/// </summary>
internal sealed class CatchUp(Courier courier, JournalCursor cursor) : BackgroundWork(courier)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);

    private int _faults;

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (Courier.WantsMoreFromDisk())
        {
            if (!TryStep(out var pause))
                await PauseAsync(pause).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Ended() => Courier.Pump();

    private bool TryStep(out TimeSpan pause)
    {
        pause = Retry;
        try
        {
            var step = cursor.ReadBack(Courier.NoteDamage);
            _faults = 0;
            Courier.Accept(step);
            return step.Record is not null || step.Through >= 0;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            Courier.LogReadFault(fault.Message);
            pause = AfterFault;
            // Once more, in case it passes; then it is given up, which is reported as damage.
            if (++_faults > 1 && fault is DiskException)
                cursor.SkipUnreadable();
            return false;
        }
    }
}
