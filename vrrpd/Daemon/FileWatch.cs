namespace Vrrp.Daemon;

/// <summary>
/// Looks twice a second whether a file was changed or replaced, and tells when it has been still for one look, so that
/// half a file is not read.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="changed">Told.</param>
internal sealed class FileWatch(string path, Action changed)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancelled)
    {
        (DateTime, long) told = Look(), before = told;
        using PeriodicTimer timer = new(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancelled))
            {
                (DateTime, long) now = Look();
                if (now == before && now != told)
                {
                    told = now;
                    changed();
                }

                before = now;
            }
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            return;
        }
    }

    // A file that is missing for a moment, while an editor replaces it, is no change.
    private (DateTime Written, long Length) Look()
    {
        FileInfo file = new(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
