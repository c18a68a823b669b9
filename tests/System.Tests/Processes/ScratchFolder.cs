namespace Gateway.SystemTests.Processes;

/// <summary>A folder under the system's temporary folder, deleted at the end.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public ScratchFolder(string name) => Path = Directory.CreateTempSubdirectory($"gateway-test-{name}-").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
