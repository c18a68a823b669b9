using System.Security.Cryptography;
using System.Text;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Where a reader's state is kept, replaced whole: after a crash there is the old state or the new one. A reader that
/// must have a completion on disk before it goes on (a statement's) saves and then goes on. Used by one thread at a
/// time.
/// </summary>
public sealed class CursorFile(IDisk disk, string name)
{
    private const string Ending = ".cursor";
    private const string Unfinished = ".cursor.new";

    // Percent-encoding triples a byte, and a file name has 255 of them.
    private const int MaxEncodedName = 200;

    private readonly WholeFile _file = new(
        disk, FileName(name), Path.ChangeExtension(FileName(name), null) + Unfinished);

    /// <summary>Replaces what was saved before. When it returns, the state is on disk.</summary>
    /// <exception cref="DiskException">It may or may not have been replaced; save again.</exception>
    public void Save(CursorState state) => _file.Replace(CursorFormat.Encode(name, state));

    /// <summary>Makes room for the next state, which others who fill the disk cannot take.</summary>
    /// <exception cref="DiskException">It cannot be made now.</exception>
    public void KeepRoom() => _file.KeepRoom();

    /// <summary>Removes what was saved.</summary>
    /// <exception cref="DiskException">It may or may not have been removed.</exception>
    public void Delete() => _file.Delete();

    /// <summary>Every cursor of a folder that can be read, with its name; files that cannot are reported.</summary>
    public static IReadOnlyList<KeyValuePair<string, CursorState>> LoadAll(IDisk disk, Action<string> damaged)
    {
        List<KeyValuePair<string, CursorState>> cursors = [];
        foreach (var file in disk.List().Where(file => file.EndsWith(Ending, StringComparison.Ordinal)))
        {
            if (Read(disk, file) is { } saved && FileName(saved.Name) == file)
                cursors.Add(KeyValuePair.Create(saved.Name, saved.State));
            else
                damaged(file);
        }

        return cursors;
    }

    private static SavedCursor? Read(IDisk disk, string file)
    {
        try
        {
            return WholeFile.Read(disk, file, static bytes =>
                CursorFormat.TryDecode(bytes, out var owner, out var state) ? new SavedCursor(owner, state) : null);
        }
        catch (DiskException)
        {
            return null;
        }
    }

    private static string FileName(string name)
    {
        var encoded = Uri.EscapeDataString(name);
        if (encoded.Length > MaxEncodedName)
            encoded = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        return encoded + Ending;
    }

    private sealed record SavedCursor(string Name, CursorState State);
}
