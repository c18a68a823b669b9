using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Brings parked records whose obstacle is gone from the disk back to their lanes, as there is room.</summary>
internal sealed class ParkedReturn(Courier courier) : BackgroundWork
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        try
        {
            while (courier.NextToReturn() is { } positions)
            {
                if (positions.Count == 0 || !courier.HasRoomToReturn)
                    await Task.Delay(Retry, courier.Time, courier.Stopping).ConfigureAwait(false);
                else if (!TryReturn(positions))
                    await Task.Delay(AfterFault, courier.Time, courier.Stopping).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (courier.IsStopping)
        {
            // They are on disk: the next start reads them again.
        }
    }

    /// <inheritdoc/>
    protected override void Ended()
    {
        if (courier.NextToReturn() is not null)
            Start();
    }

    private bool TryReturn(IReadOnlyList<ParkedPosition> positions)
    {
        try
        {
            courier.Return(positions);
            return true;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            courier.LogReadFault(fault.Message);
            return false;
        }
    }
}
