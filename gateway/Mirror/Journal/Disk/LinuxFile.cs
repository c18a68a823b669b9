using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace InfluxMirror.Journal.Disk;

/// <summary>An open file of the machine: pread, pwrite, pwritev, fdatasync.</summary>
internal sealed class LinuxFile(string path, SafeFileHandle handle) : DiskFile
{
    public override long Length => LinuxDisk.Try("measure", path, () => RandomAccess.GetLength(handle));

    // The framework goes on after a short write and after IOV_MAX pieces.
    public override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(handle, bytes, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LinuxDisk.Failure("write", path, e);
        }
    }

    public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        try
        {
            RandomAccess.Write(handle, pieces, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LinuxDisk.Failure("write", path, e);
        }
    }

    public override int Read(long offset, Span<byte> buffer)
    {
        try
        {
            var total = 0;
            while (total < buffer.Length)
            {
                var count = RandomAccess.Read(handle, buffer[total..], offset + total);
                if (count == 0)
                    break;
                total += count;
            }

            return total;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LinuxDisk.Failure("read", path, e);
        }
    }

    public override void Sync()
    {
        // The framework's own flush ignores some errors; this one must not.
        if (Libc.DataSync(handle) != 0)
            throw LinuxDisk.Failure("sync", path, Marshal.GetLastPInvokeError());
    }

    protected override void Dispose(bool disposing) => handle.Dispose();
}
