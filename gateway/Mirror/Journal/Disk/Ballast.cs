namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Room for the small files of a folder whose disk is full to the last block: a file that holds nothing goes when there
/// is no spare segment that can. Without it no place could be saved, and so nothing let go of that everybody has. Safe
/// for any number of threads.
/// </summary>
/// <param name="disk">The folder of a log.</param>
/// <param name="log">The log.</param>
internal sealed class Ballast(IDisk disk, SegmentLog log)
{
    /// <summary>Its file.</summary>
    public const string FileName = "ballast";

    // More than all there is to save at a time.
    private const int Bytes = 256 * 1024;

    /// <summary>
    /// It is made when there are so many bytes, so that as many are left when it is there; for
    /// <see cref="LogOptions.KeptBytes"/> of all that writes to its file system.
    /// </summary>
    public const int LeastFree = 2 * Bytes;

    private readonly Lock _gate = new();

    // Null until somebody has looked.
    private bool? _isThere;

    /// <summary>Saves something; when there is no space for it, once more with the room that can be had.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    public void Save(Action save)
    {
        try
        {
            save();
        }
        catch (DiskException fault) when (fault.Fault == DiskFault.Full)
        {
            if (!TryMakeRoom())
                throw;
            save();
        }
    }

    /// <summary>Makes the file again, if it is gone and there is space for more than it.</summary>
    /// <exception cref="DiskException">It cannot be made now.</exception>
    public void Keep()
    {
        lock (_gate)
        {
            _isThere ??= disk.List().Contains(FileName, StringComparer.Ordinal);
            if (_isThere == true || disk.FreeBytes < LeastFree)
                return;
            disk.Delete(FileName);
            // Nothing that a file system could keep in less space.
            var content = new byte[Bytes];
            Random.Shared.NextBytes(content);
            using var file = disk.Create(FileName);
            _isThere = true;
            file.Write(0, content);
            file.Sync();
        }
    }

    private bool TryMakeRoom()
    {
        lock (_gate)
        {
            if (log.TryDropSpare())
                return true;
            if (_isThere == false)
                return false;
            disk.Delete(FileName);
            _isThere = false;
            return true;
        }
    }
}
