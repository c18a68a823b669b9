using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Brings records of lanes that stood still from the disk back to their lanes, as they are wanted.</summary>
internal sealed class LaneReturn(Courier courier) : BackgroundWork(courier)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(5);

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (Courier.NextToLoad() is { } next)
        {
            if (next.Positions.Count == 0)
                await PauseAsync(Retry).ConfigureAwait(false);
            else if (!TryLoad(next.Lane, next.Positions))
                await PauseAsync(AfterFault).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Ended()
    {
        if (Courier.NextToLoad() is not null)
            Start();
    }

    private bool TryLoad(Lane lane, IReadOnlyList<ParkedPosition> positions)
    {
        try
        {
            Courier.Load(lane, positions);
            return true;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            Courier.LogReadFault(fault.Message);
            return false;
        }
    }
}
