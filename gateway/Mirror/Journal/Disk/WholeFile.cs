namespace InfluxMirror.Journal.Disk;

/// <summary>A small file that is replaced whole: after a crash there is the old content or the new one.</summary>
internal static class WholeFile
{
    /// <summary>Its content.</summary>
    /// <param name="disk">The folder.</param>
    /// <param name="name">The file.</param>
    /// <exception cref="DiskException">It is not there, or cannot be read.</exception>
    public static byte[] Read(IDisk disk, string name)
    {
        using var file = disk.Open(name);
        var content = new byte[file.Length];
        return content[..file.Read(0, content)];
    }

    /// <summary>Writes the content beside the file, and then puts it in its place. When it returns, it is on disk.
    /// </summary>
    /// <param name="disk">The folder.</param>
    /// <param name="name">The file.</param>
    /// <param name="unfinished">The name it has until it is whole.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="DiskException">It may or may not have been replaced; do it again.</exception>
    public static void Replace(IDisk disk, string name, string unfinished, byte[] content)
    {
        // A file that failed is never synced again: each time begins with a new one.
        disk.Delete(unfinished);
        using (var file = disk.Create(unfinished))
        {
            file.Write(0, content);
            file.Sync();
        }

        disk.Rename(unfinished, name);
        disk.SyncDirectory();
    }
}
