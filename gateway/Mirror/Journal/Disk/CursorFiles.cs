namespace InfluxMirror.Journal.Disk;

/// <summary>The cursor files of a folder, by their names as they are spelled on disk. Used by one thread at a time.
/// </summary>
/// <param name="disk">The folder.</param>
/// <param name="names">The cursors that are there.</param>
/// <param name="save">Saves, with the room for it where the disk is full.</param>
internal sealed class CursorFiles(IDisk disk, IEnumerable<string> names, Action<Action> save)
{
    private readonly Dictionary<string, CursorFile> _files = names.ToDictionary(
        static name => name, name => new CursorFile(disk, name), StringComparer.Ordinal);

    /// <summary>Saves a cursor's state; when it returns, it is on disk.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    public void Save(string cursor, CursorState state)
    {
        if (_files.TryGetValue(cursor, out var file))
        {
            save(() => file.Save(state));
            return;
        }

        // It knows from now on what of it has failed.
        _files.Add(cursor, file = new CursorFile(disk, cursor));
        save(() => file.Save(state));
        try
        {
            // Now, as others may fill the disk before anybody keeps house.
            file.KeepRoom();
        }
        catch (DiskException)
        {
            // Whoever keeps house tries again, and tells.
        }
    }

    /// <summary>What was saved while its name was spelled in another way is older now.</summary>
    /// <exception cref="DiskException">Some may be there yet.</exception>
    public void RemoveOtherSpellings(string cursor)
    {
        var others = _files.Keys.Where(one => one != cursor && one.Equals(cursor, StringComparison.OrdinalIgnoreCase));
        foreach (var other in others.ToArray())
        {
            _files[other].Delete();
            _files.Remove(other);
        }
    }

    /// <summary>Makes room for what is saved next, which others who fill the disk cannot take.</summary>
    /// <exception cref="DiskException">It cannot be made now.</exception>
    public void KeepRoom()
    {
        foreach (var file in _files.Values)
            file.KeepRoom();
    }
}
