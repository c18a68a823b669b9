using Microsoft.Win32.SafeHandles;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// A folder of the machine to look at, while somebody else may have it: nothing is changed, and changes that are asked
/// for do not happen.
/// </summary>
public sealed class ReadOnlyDisk(string folder) : IDisk
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <inheritdoc/>
    public long FreeBytes => 0;

    /// <inheritdoc/>
    public long TotalBytes => 0;

    /// <inheritdoc/>
    public IDisposable Lock() => throw new DiskException(DiskFault.Locked, $"'{_folder}' is only looked at.");

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => LinuxDisk.Try("list", _folder, () =>
        (IReadOnlyList<string>)[.. Directory.EnumerateFiles(_folder).Select(path => Path.GetFileName(path))]);

    /// <inheritdoc/>
    public DiskFile Create(string name) => throw ReadOnly(name);

    /// <inheritdoc/>
    public DiskFile Open(string name)
    {
        var path = Path.Combine(_folder, name);
        return LinuxDisk.Try("open", path, () => new ReadOnlyFile(path, File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
    }

    /// <inheritdoc/>
    public bool TryExchange(string one, string other) => false;

    /// <inheritdoc/>
    public void Delete(string name)
    {
    }

    /// <inheritdoc/>
    public void SyncDirectory()
    {
    }

    private static DiskException ReadOnly(string name) => new(DiskFault.Failed, $"'{name}' is only looked at.");

    private sealed class ReadOnlyFile(string path, SafeFileHandle handle) : DiskFile
    {
        public override long Length => LinuxDisk.Try("measure", path, () => RandomAccess.GetLength(handle));

        public override void Write(long offset, ReadOnlySpan<byte> bytes) => throw ReadOnly(path);

        public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces) => throw ReadOnly(path);

        public override int Read(long offset, Span<byte> buffer)
        {
            try
            {
                var total = 0;
                while (total < buffer.Length)
                {
                    var read = RandomAccess.Read(handle, buffer[total..], offset + total);
                    if (read == 0)
                        break;
                    total += read;
                }

                return total;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw LinuxDisk.Failure("read", path, fault);
            }
        }

        public override void Sync()
        {
        }

        protected override void Dispose(bool disposing) => handle.Dispose();
    }
}
