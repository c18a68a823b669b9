namespace InfluxMirror.Journal.Disk;

/// <summary>
/// A small file that is replaced whole: after a crash there is the old content or the new one. The new one is written
/// to a second file, which then swaps names with the first, so that its room is there beforehand: on a disk that others
/// fill they would take whatever comes free. What is behind the content, in either, means nothing. Used by one thread
/// at a time.
/// </summary>
/// <param name="disk">The folder.</param>
/// <param name="name">The file.</param>
/// <param name="next">The second one.</param>
/// <param name="leastRoom">Bytes for which there is room at least.</param>
internal sealed class WholeFile(IDisk disk, string name, string next, int leastRoom = WholeFile.LeastRoom)
{
    /// <summary>Room is made ahead where so many bytes stay free; for <see cref="LogOptions.KeptBytes"/> of all that
    /// writes to its file system.</summary>
    public const int LeastFree = 512 * 1024;

    private const int LeastRoom = 64 * 1024;

    // A look at a file that is in use may see one that is being written to.
    private const int Looks = 3;

    private bool _isKnown;
    private bool _isThere;
    private long _content;

    // Bytes of the file and of the second one; 0 of one that may not be written to.
    private long _length;
    private long _room;

    /// <summary>It is there.</summary>
    /// <exception cref="DiskException">That is not known now.</exception>
    public bool IsThere
    {
        get
        {
            Look();
            return _isThere;
        }
    }

    /// <summary>What a file holds; null when no decoder makes anything of it.</summary>
    /// <param name="disk">The folder.</param>
    /// <param name="name">The file.</param>
    /// <param name="decode">Makes something of what begins with the content; null of what is not whole.</param>
    /// <exception cref="DiskException">It is not there, or cannot be read.</exception>
    public static T? Read<T>(IDisk disk, string name, Func<byte[], T?> decode)
        where T : class
    {
        T? found = null;
        for (var looks = 0; found is null && looks < Looks; looks++)
            found = decode(Read(disk, name));
        return found;
    }

    /// <summary>Puts other content in its place. When it returns, that is on disk.</summary>
    /// <exception cref="DiskException">It may or may not have been replaced; do it again.</exception>
    public void Replace(byte[] content)
    {
        Look();
        if (_room == 0 || !TryWrite(content))
            WriteAnew(content);
        PutInPlace();
        _content = content.Length;
    }

    /// <summary>
    /// Makes room for what comes next, twice as long, when there is none and the disk has space for it.
    /// </summary>
    /// <exception cref="DiskException">It cannot be made now.</exception>
    public void KeepRoom()
    {
        if (!IsThere)
            return;
        // That of the file is for the content after the next one. What it holds stands in front, and is not touched.
        if (_length > 0)
            Extend(name, ref _length);
        Extend(next, ref _room);
    }

    /// <summary>Removes it.</summary>
    /// <exception cref="DiskException">It may or may not have been removed.</exception>
    public void Delete()
    {
        _isKnown = false;
        disk.Delete(next);
        disk.Delete(name);
    }

    private void Extend(string file, ref long length)
    {
        var room = Math.Max(leastRoom, _content * 2);
        var at = length;
        if (at >= room || disk.FreeBytes - room < LeastFree)
            return;
        // Nothing that a file system could keep in less space.
        var noise = new byte[room - at];
        Random.Shared.NextBytes(noise);
        length = 0;
        if (at == 0)
            disk.Delete(file);
        using (var opened = at == 0 ? disk.Create(file) : disk.Open(file))
        {
            try
            {
                opened.Write(at, noise);
            }
            catch (DiskException fault) when (fault.Fault == DiskFault.Full)
            {
                length = at;
                throw;
            }

            opened.Sync();
        }

        if (at == 0)
            disk.SyncDirectory();
        length = room;
    }

    private static byte[] Read(IDisk disk, string name)
    {
        using var file = disk.Open(name);
        var content = new byte[file.Length];
        return content[..file.Read(0, content)];
    }

    private void Look()
    {
        if (_isKnown)
            return;
        var names = disk.List();
        _isThere = names.Contains(name, StringComparer.Ordinal);
        _length = _isThere ? RoomOf(name) : 0;
        _room = names.Contains(next, StringComparer.Ordinal) ? RoomOf(next) : 0;
        // The other half is room; a file without any has it for as much as it holds.
        _content = _length / 2;
        // Who ended before may have swapped the two, and not for good.
        if (_room > 0)
            disk.SyncDirectory();
        _isKnown = true;
    }

    /// <summary>Bytes of a file; none of one that fails.</summary>
    private long RoomOf(string file)
    {
        try
        {
            using var opened = disk.Open(file);
            return opened.Length;
        }
        catch (DiskException)
        {
            return 0;
        }
    }

    /// <summary>
    /// False when it has failed: a file that did is not synced again, as that would prove nothing. Or when it finds no
    /// space in its own room, where a file system writes nothing in its place.
    /// </summary>
    /// <exception cref="DiskException">There is no space beyond the room, which stays.</exception>
    private bool TryWrite(byte[] content)
    {
        var isWritten = false;
        try
        {
            using var file = disk.Open(next);
            file.Write(0, content);
            isWritten = true;
            file.Sync();
            _room = Math.Max(_room, content.Length);
            return true;
        }
        catch (DiskException fault) when (isWritten || fault.Fault != DiskFault.Full || content.Length <= _room)
        {
            return false;
        }
    }

    private void WriteAnew(byte[] content)
    {
        _room = 0;
        disk.Delete(next);
        try
        {
            using var file = disk.Create(next);
            file.Write(0, content);
            file.Sync();
        }
        catch (DiskException fault) when (fault.Fault == DiskFault.Full)
        {
            // Others can use what it got of the space.
            disk.Delete(next);
            throw;
        }

        _room = content.Length;
    }

    private void PutInPlace()
    {
        var (written, before) = (_room, _length);
        // Which of the two has which name is not known, after a power cut, until the folder is synced.
        (_length, _room) = (0, 0);
        var isSwapped = _isThere && TryExchange();
        if (!isSwapped)
            disk.Rename(next, name);
        disk.SyncDirectory();
        (_length, _room, _isThere) = (written, isSwapped ? before : 0, true);
    }

    private bool TryExchange()
    {
        try
        {
            return disk.TryExchange(next, name);
        }
        catch (DiskException fault) when (fault.Fault == DiskFault.Missing)
        {
            // Somebody has removed it.
            return false;
        }
    }
}
