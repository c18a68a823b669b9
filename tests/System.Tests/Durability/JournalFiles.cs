using System.Text;

namespace Gateway.SystemTests.Durability;

/// <summary>The files of a journal as they lie on the disk.</summary>
internal sealed class JournalFiles(string folder)
{
    /// <summary>The segments, oldest first.</summary>
    public string[] Segments => [.. Directory.GetFiles(folder, "*.seg").Order(StringComparer.Ordinal)];

    /// <summary>Where a reader is.</summary>
    public string Cursor(string destination) => Path.Combine(folder, destination + ".cursor");

    /// <summary>Every file and folder in it, and itself.</summary>
    public string[] All => [folder, .. Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)];

    /// <summary>Whether some segment holds this text.</summary>
    public bool Contain(string text) => Segments.Any(segment => Find(segment, text) >= 0);

    /// <summary>Where a text begins in a file; -1 when it is not there.</summary>
    public static int Find(string file, string text) => File.ReadAllBytes(file).AsSpan()
        .IndexOf(Encoding.UTF8.GetBytes(text));

    /// <summary>Where the bytes end that are not zero.</summary>
    public static int End(string file) => File.ReadAllBytes(file).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;

    /// <summary>Changes bytes of a file.</summary>
    public static void Change(string file, int offset, int count, Func<byte, byte> change)
    {
        byte[] bytes = File.ReadAllBytes(file);
        foreach (ref byte one in bytes.AsSpan(offset, count))
            one = change(one);
        File.WriteAllBytes(file, bytes);
    }

    /// <summary>Cuts a file.</summary>
    public static void Truncate(string file, int length)
    {
        using FileStream stream = File.OpenWrite(file);
        stream.SetLength(length);
    }
}
