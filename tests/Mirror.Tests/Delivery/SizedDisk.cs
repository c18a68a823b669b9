using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A disk of a size, for the files in a folder and for others.</summary>
internal sealed class SizedDisk(IDisk disk, string folder, long size) : IDisk
{
    private const int Block = 4096;

    private readonly Lock _names = new();
    private long _others;

    /// <summary>Others take whatever comes free, at once.</summary>
    public bool IsTaken { get; set; }

    public long FreeBytes => IsTaken ? 0 : Math.Max(0, size - _others - Used);

    public long TotalBytes => size;

    private long Used
    {
        get
        {
            // A file that gets another name meanwhile would not be listed.
            lock (_names)
                return disk.List().Sum(name => Blocks(new FileInfo(Path.Combine(folder, name)).Length));
        }
    }

    /// <summary>Others take what is left, but for so many bytes.</summary>
    public void Fill(long leaving = 0) => _others += FreeBytes - leaving;

    public IDisposable Lock() => disk.Lock();

    public IReadOnlyList<string> List() => disk.List();

    public DiskFile Create(string name) => new SizedFile(this, disk.Create(name));

    public DiskFile Open(string name) => new SizedFile(this, disk.Open(name));

    public void Rename(string from, string to)
    {
        lock (_names)
            disk.Rename(from, to);
    }

    public bool TryExchange(string one, string other)
    {
        lock (_names)
            return disk.TryExchange(one, other);
    }

    public void Delete(string name)
    {
        lock (_names)
            disk.Delete(name);
    }

    public void SyncDirectory() => disk.SyncDirectory();

    private static long Blocks(long bytes) => (bytes + Block - 1) / Block * Block;

    private sealed class SizedFile(SizedDisk disk, DiskFile file) : DiskFile
    {
        public override long Length => file.Length;

        public override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            Take(offset + bytes.Length);
            file.Write(offset, bytes);
        }

        public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
        {
            Take(offset + pieces.Sum(static piece => (long)piece.Length));
            file.Write(offset, pieces);
        }

        public override int Read(long offset, Span<byte> buffer) => file.Read(offset, buffer);

        public override void Sync() => file.Sync();

        protected override void Dispose(bool disposing) => file.Dispose();

        private void Take(long end)
        {
            if (end > file.Length && Blocks(end) - Blocks(file.Length) > disk.FreeBytes)
                throw new DiskException(DiskFault.Full, "No space left on device.");
        }
    }
}
