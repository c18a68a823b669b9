namespace InfluxMirror.Tests.Delivery;

/// <summary>Tests with a journal on disk, in a folder of their own that outlives a cluster.</summary>
public abstract class DurableTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("durable-");

    /// <summary>The journal's.</summary>
    protected string Folder => Path.Combine(_root.FullName, "journal");

    public void Dispose()
    {
        _root.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>What a process finds that starts after this one was killed now.</summary>
    private protected string CopyTo(string name)
    {
        string image = Path.Combine(_root.FullName, name);
        // Cursors first: a copy takes time, and what they say must not be newer than the rest.
        foreach (string file in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories)
            .Where(static file => !file.EndsWith("lock", StringComparison.Ordinal)
                && !file.EndsWith(".new", StringComparison.Ordinal))
            .OrderBy(static file => !file.EndsWith(".cursor", StringComparison.Ordinal)))
        {
            string to = Path.Combine(image, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return image;
    }

    /// <summary>From now on a destination takes everything; the lines it took.</summary>
    private protected static List<string> Listen(ScriptedDestination destination)
    {
        List<string> got = [];
        destination.Script = request =>
        {
            lock (got)
                got.AddRange(request.Lines);
            return ScriptedDestination.Accept(request);
        };
        return got;
    }
}
