using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>A disk that cannot read some of one file, or anything at all.</summary>
internal sealed class FailingDisk(IDisk disk) : IDisk
{
    /// <summary>The file; null when the disk is well.</summary>
    public string? Bad { get; set; }

    /// <summary>No file can be read, apart from one.</summary>
    public bool IsDown { get; set; }

    /// <summary>That one, if there is one.</summary>
    public string? Good { get; set; }

    /// <summary>So many more syncs fail.</summary>
    public int FailingSyncs { get; set; }

    /// <summary>What ends behind this offset cannot be read.</summary>
    public long From { get; set; }

    /// <summary>It cannot be opened either.</summary>
    public bool FailsToOpen { get; set; }

    /// <summary>How often it has failed.</summary>
    public int Faults { get; private set; }

    public long FreeBytes => disk.FreeBytes;

    public long TotalBytes => disk.TotalBytes;

    public IDisposable Lock() => disk.Lock();

    public IReadOnlyList<string> List() => disk.List();

    public DiskFile Create(string name) => disk.Create(name);

    public DiskFile Open(string name)
    {
        if (name == Bad && FailsToOpen)
            Fail();
        return new FailingFile(this, name, disk.Open(name));
    }

    public void Rename(string from, string to) => disk.Rename(from, to);

    public bool TryExchange(string one, string other) => disk.TryExchange(one, other);

    public void Delete(string name) => disk.Delete(name);

    public void SyncDirectory() => disk.SyncDirectory();

    private void Fail()
    {
        Faults++;
        throw new DiskException(DiskFault.Failed, "Input/output error.");
    }

    private sealed class FailingFile(FailingDisk disk, string name, DiskFile file) : DiskFile
    {
        public override long Length => file.Length;

        public override void Write(long offset, ReadOnlySpan<byte> bytes) => file.Write(offset, bytes);

        public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces) =>
            file.Write(offset, pieces);

        public override int Read(long offset, Span<byte> buffer)
        {
            if ((disk.IsDown && name != disk.Good) || (name == disk.Bad && offset + buffer.Length > disk.From))
                disk.Fail();
            return file.Read(offset, buffer);
        }

        public override void Sync()
        {
            if (disk.FailingSyncs > 0)
            {
                disk.FailingSyncs--;
                disk.Fail();
            }

            file.Sync();
        }

        protected override void Dispose(bool disposing) => file.Dispose();
    }
}
