namespace Gateway.RepositoryTests;

/// <summary>The files of the repository, without what builds and runs leave behind.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] Left =
        ["bin", "obj", ".git", ".run", "data", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts", ".vs", ".idea"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with slashes.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> Under(string folder, string extension = ".cs") =>
        All.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)
            && path.EndsWith(extension, StringComparison.Ordinal));

    public static IEnumerable<string> OfKind(string extension) =>
        All.Where(path => path.EndsWith(extension, StringComparison.Ordinal));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
            if (Path.GetFileName(file) != ".git")
                yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        foreach (string child in Directory.EnumerateDirectories(folder).Where(c => !Left.Contains(Path.GetFileName(c))))
            foreach (string file in Walk(child))
                yield return file;
    }

    private static string FindRoot()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Gateway.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("Gateway.sln is in no parent folder");
    }
}
