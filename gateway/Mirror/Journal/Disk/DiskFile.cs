namespace InfluxMirror.Journal.Disk;

/// <summary>
/// An open file of an <see cref="IDisk"/>, which says what callers may assume. Reads may run beside one writer.
/// </summary>
public abstract class DiskFile : IDisposable
{
    /// <summary>Bytes from the start to the end of the file.</summary>
    public abstract long Length { get; }

    /// <summary>Writes all of <paramref name="bytes"/>, extending the file where needed.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Writes all pieces one behind the other, in one call where the system can.</summary>
    public abstract void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces);

    /// <summary>Fills <paramref name="buffer"/>; fewer bytes are read only at the end of the file.</summary>
    public abstract int Read(long offset, Span<byte> buffer);

    /// <summary>Makes the bytes written so far, and the length needed to read them, last.</summary>
    public abstract void Sync();

    /// <summary>Closes the file; says nothing about what was written.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);
}
