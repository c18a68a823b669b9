using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Delivery;

/// <summary>
/// Says when a journal's disk has no room for another file, before it is needed: while every destination takes what
/// comes, nothing else tells.
/// </summary>
/// <param name="disk">The folder of the journal.</param>
/// <param name="fileBytes">What a file of the journal takes.</param>
/// <param name="reserveBytes">What is to be left.</param>
/// <param name="cluster">YARP's cluster id.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
internal sealed class SpaceWatch(
    IDisk disk, long fileBytes, long reserveBytes, string cluster, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private ITimer? _timer;

    // Belongs to the lock.
    private bool _isShort;

    /// <summary>Begins, if it has not yet.</summary>
    public void Start() => _timer ??= time.CreateTimer(_ => Look(), null, TimeSpan.Zero, Interval);

    /// <summary>Looks no more; may begin again.</summary>
    public void Stop()
    {
        _timer?.Dispose();
        _timer = null;
    }

    private void Look()
    {
        // A disk that hangs keeps one who asks it, and no more.
        if (!_gate.TryEnter())
            return;
        try
        {
            var free = disk.FreeBytes;
            // It is well again with room for two: the journal's own files come and go.
            var isShort = free - reserveBytes < fileBytes * (_isShort ? 2 : 1);
            if (isShort == _isShort)
                return;
            _isShort = isShort;
            if (isShort)
                MirrorLog.ShortOfSpace(log, cluster, free, fileBytes, reserveBytes);
            else
                MirrorLog.SpaceAgain(log, cluster, free);
        }
        catch (DiskException fault)
        {
            MirrorLog.JournalNews(log, cluster, fault.Message);
        }
        finally
        {
            _gate.Exit();
        }
    }
}
