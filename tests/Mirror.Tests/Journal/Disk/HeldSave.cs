using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>Holds up the next save of one file until it is let go.</summary>
internal sealed class HeldSave : IDisposable
{
    // Longer than any test waits for what it holds up.
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(1);

    private readonly ManualResetEventSlim _reached = new();
    private readonly ManualResetEventSlim _free = new();
    private volatile string? _file;
    private int _measured;

    /// <summary>The save is held up now.</summary>
    public bool IsReached => _reached.IsSet;

    /// <summary>How often the disk was asked for its space, as housekeeping does when it has trimmed.</summary>
    public int Measured => Volatile.Read(ref _measured);

    /// <summary>A disk whose saves are these.</summary>
    public IDisk Over(IDisk disk) => new HookedDisk(disk)
    {
        Renaming = Hold,
        Measuring = () => Interlocked.Increment(ref _measured),
    };

    /// <summary>The next save of this file is held up.</summary>
    public void Next(string file) => _file = file;

    public void LetGo() => _free.Set();

    public void Dispose() => LetGo();

    private void Hold(string file)
    {
        if (file != _file)
            return;
        _file = null;
        _reached.Set();
        _free.Wait(AtMost);
    }
}
