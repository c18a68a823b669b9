using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Brings parked records whose obstacle is gone from the disk back to their lanes, as there is room.</summary>
internal sealed class ParkedReturn(Courier courier) : BackgroundWork(courier)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (Courier.NextToReturn() is { } positions)
        {
            if (positions.Count == 0 || !Courier.HasRoomToReturn)
                await PauseAsync(Retry).ConfigureAwait(false);
            else if (!TryReturn(positions))
                await PauseAsync(AfterFault).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Ended()
    {
        if (Courier.NextToReturn() is not null)
            Start();
    }

    private bool TryReturn(IReadOnlyList<ParkedPosition> positions)
    {
        try
        {
            Courier.Return(positions);
            return true;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            Courier.LogReadFault(fault.Message);
            return false;
        }
    }
}
