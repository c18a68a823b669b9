namespace Vrrp.Daemon;

/// <summary>
/// Looks twice a second whether a file was changed or replaced, and tells when it has been still for one look, so that
/// half a file is not read.
/// </summary>
internal sealed class FileWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly string _path;
    private readonly Action _changed;
    private (DateTime Written, long Length) _read;

    /// <summary>Takes the file as it is now for known.</summary>
    /// <param name="path">The file.</param>
    /// <param name="changed">Told.</param>
    public FileWatch(string path, Action changed)
    {
        (_path, _changed) = (path, changed);
        _read = Look();
    }

    /// <summary>The file is being read now, for whatever reason: as it is, it needs not be told again.</summary>
    public void Read() => _read = Look();

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancelled)
    {
        (DateTime, long) before = _read;
        using PeriodicTimer timer = new(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancelled))
            {
                (DateTime, long) now = Look();
                if (now == before && now != _read && now != default)
                    _changed();
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
        FileInfo file = new(_path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
