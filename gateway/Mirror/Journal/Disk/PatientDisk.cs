using System.Diagnostics;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// A disk as a start sees it: what fails to be opened or read is asked for again, as a start does not come back to it.
/// Once at once, and then until so much time has passed since something failed first, as a disk may take long to fail.
/// A file that is not there is not asked for again.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="most">How long all that fails is asked for, taken together.</param>
internal sealed class PatientDisk(IDisk disk, TimeSpan most) : IDisk
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private long? _failingSince;

    public long FreeBytes => disk.FreeBytes;

    public long TotalBytes => disk.TotalBytes;

    public IDisposable Lock() => disk.Lock();

    public IReadOnlyList<string> List() => Ask(disk.List);

    public DiskFile Create(string name) => disk.Create(name);

    public DiskFile Open(string name) => new PatientFile(this, Ask(() => disk.Open(name)));

    public void Rename(string from, string to) => disk.Rename(from, to);

    public bool TryExchange(string one, string other) => disk.TryExchange(one, other);

    public void Delete(string name) => disk.Delete(name);

    public void SyncDirectory() => disk.SyncDirectory();

    private T Ask<T>(Func<T> question)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return question();
            }
            catch (DiskException fault) when (IsWorthAsking(fault, tries))
            {
                Wait(tries);
            }
        }
    }

    private bool IsWorthAsking(DiskException fault, int tries)
    {
        if (fault.Fault != DiskFault.Failed)
            return false;
        _failingSince ??= Stopwatch.GetTimestamp();
        return tries == 1 || Stopwatch.GetElapsedTime(_failingSince.Value) < most;
    }

    private static void Wait(int tries)
    {
        if (tries > 1)
            Thread.Sleep(Pause);
    }

    private sealed class PatientFile(PatientDisk disk, DiskFile file) : DiskFile
    {
        public override long Length => disk.Ask(() => file.Length);

        public override void Write(long offset, ReadOnlySpan<byte> bytes) => file.Write(offset, bytes);

        public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces) =>
            file.Write(offset, pieces);

        public override int Read(long offset, Span<byte> buffer)
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return file.Read(offset, buffer);
                }
                catch (DiskException fault) when (disk.IsWorthAsking(fault, tries))
                {
                    Wait(tries);
                }
            }
        }

        public override void Sync() => file.Sync();

        protected override void Dispose(bool disposing) => file.Dispose();
    }
}
