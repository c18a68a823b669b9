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
