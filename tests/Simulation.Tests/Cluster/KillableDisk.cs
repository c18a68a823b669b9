using Gateway.SimulationTests.Disks;
using InfluxMirror.Journal.Disk;

namespace Gateway.SimulationTests.Cluster;

/// <summary>
/// A folder as one life of the gateway has it: one operation at a time, and none once the life is over. An operation
/// at which the simulated disk ends the program cuts the life.
/// </summary>
internal sealed class KillableDisk(SimulatedDisk disk, Lifeline life) : IDisk
{
    public long FreeBytes => Do(() => disk.FreeBytes);

    public long TotalBytes => disk.TotalBytes;

    public IDisposable Lock() => disk.Lock();

    public IReadOnlyList<string> List() => Do(disk.List);

    public DiskFile Create(string name) => Do(() => new KillableFile(this, disk.Create(name)));

    public DiskFile Open(string name) => Do(() => new KillableFile(this, disk.Open(name)));

    public void Rename(string from, string to) => Do(() => disk.Rename(from, to));

    public bool TryExchange(string one, string other) => Do(() => disk.TryExchange(one, other));

    public void Delete(string name) => Do(() => disk.Delete(name));

    public void SyncDirectory() => Do(disk.SyncDirectory);

    private void Do(Action operation) => Do(() =>
    {
        operation();
        return true;
    });

    private T Do<T>(Func<T> operation)
    {
        T result = default!;
        if (!life.TryDo(() => result = OrEnd(operation)))
            throw Gone();
        return result;
    }

    private T OrEnd<T>(Func<T> operation)
    {
        try
        {
            return operation();
        }
        catch (SimulatedCrash)
        {
            life.Cut();
            throw Gone();
        }
    }

    private static DiskException Gone() => new(DiskFault.Failed, "The gateway was killed.");

    private sealed class KillableFile(KillableDisk disk, DiskFile file) : DiskFile
    {
        public override long Length => disk.Do(() => file.Length);

        public override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            byte[] copy = bytes.ToArray();
            disk.Do(() => file.Write(offset, copy));
        }

        public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces) =>
            disk.Do(() => file.Write(offset, pieces));

        public override int Read(long offset, Span<byte> buffer)
        {
            var copy = new byte[buffer.Length];
            int read = disk.Do(() => file.Read(offset, copy));
            copy.AsSpan(0, read).CopyTo(buffer);
            return read;
        }

        public override void Sync() => disk.Do(file.Sync);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
