using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// Reads the journal's disk for a courier that is behind what is in memory, on the thread pool and never on a
/// client's time: as much as the courier has room for, until memory goes on.
/// </summary>
internal sealed class CatchUp(Courier courier, JournalCursor cursor) : BackgroundWork
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    private int _faults;

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        try
        {
            while (courier.WantsMoreFromDisk())
            {
                if (!TryStep(out var pause))
                    await Task.Delay(pause, courier.Time, courier.Stopping).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (courier.IsStopping)
        {
            // What was not read stays on disk.
        }
    }

    /// <inheritdoc/>
    protected override void Ended() => courier.Pump();

    private bool TryStep(out TimeSpan pause)
    {
        pause = Retry;
        try
        {
            var step = cursor.ReadBack(courier.NoteDamage);
            _faults = 0;
            courier.Accept(step);
            return step.Record is not null || step.Through >= 0;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            courier.LogReadFault(fault.Message);
            pause = AfterFault;
            // Once more, in case it passes; then it is given up, which is reported as damage.
            if (++_faults > 1 && fault is DiskException)
                cursor.SkipUnreadable();
            return false;
        }
    }
}
