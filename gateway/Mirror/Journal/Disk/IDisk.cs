namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The folder of one journal, and all that the journal asks of it. Names are plain file names. Every method may
/// throw <see cref="DiskException"/>, and nothing else that a disk can cause.
/// <para>What callers may assume:</para>
/// <list type="bullet">
/// <item>What <see cref="DiskFile.Sync"/> returned from is there after a power cut; before it, any subset of the
/// 512-byte sectors written since, in any state they had. Sectors next to those written are never harmed.</item>
/// <item>A created, renamed, exchanged or deleted name is so after a power cut only once <see cref="SyncDirectory"/>
/// returned; before it, any subset of these changes.</item>
/// <item>After a <see cref="DiskFile.Sync"/> that failed nothing is known of what was written to the file since
/// the one before, and a second one that succeeds proves nothing.</item>
/// <item>After a write that failed any part of it may be there.</item>
/// </list>
/// </summary>
public interface IDisk
{
    /// <summary>Bytes an ordinary process may still use on the file system.</summary>
    long FreeBytes { get; }

    /// <summary>Size of the file system in bytes, for limits in per cent.</summary>
    long TotalBytes { get; }

    /// <summary>Takes the folder for this process until the result is disposed of.</summary>
    /// <exception cref="DiskException"><see cref="DiskFault.Locked"/>: another has it; the text says who.</exception>
    IDisposable Lock();

    /// <summary>Names of the files, in no particular order.</summary>
    IReadOnlyList<string> List();

    /// <summary>A new, empty file, readable by its owner only; fails when the name is taken.</summary>
    DiskFile Create(string name);

    /// <summary>A file that is there; <see cref="DiskFault.Missing"/> when it is not.</summary>
    DiskFile Open(string name);

    /// <summary>Gives a file another name, at once; a file of that name is replaced.</summary>
    void Rename(string from, string to);

    /// <summary>Two files swap their names, at once; false, and nothing has happened, where that cannot be done.
    /// </summary>
    bool TryExchange(string one, string other);

    /// <summary>Removes a name; nothing happens when it is not there. Who has the file open may go on.</summary>
    void Delete(string name);

    /// <summary>Makes creations, renames and deletions last.</summary>
    void SyncDirectory();
}
