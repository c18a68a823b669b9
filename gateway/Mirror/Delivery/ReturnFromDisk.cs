using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Brings records that are on disk only back to their lanes, while there are some whose turn it is.</summary>
/// <param name="courier">Whose they are.</param>
/// <param name="next">Says whether there are some.</param>
internal sealed class ReturnFromDisk(Courier courier, ReturnFromDisk.Next next) : BackgroundWork(courier)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(10);

    /// <summary>Whether there are some.</summary>
    /// <param name="take">
    /// Takes the next ones back, or throws <see cref="DiskException"/> and is asked for again; null when it is not
    /// their turn yet.
    /// </param>
    internal delegate bool Next(out Action? take);

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (next(out var take))
        {
            if (take is null)
                await PauseAsync(Retry).ConfigureAwait(false);
            else if (!Try(take))
                await PauseAsync(AfterFault).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Ended()
    {
        if (next(out _))
            Start();
    }

    private bool Try(Action take)
    {
        try
        {
            take();
            return true;
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            Courier.LogReadFault(fault.Message);
            return false;
        }
    }
}
