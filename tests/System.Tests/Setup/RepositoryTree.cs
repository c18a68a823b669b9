namespace Gateway.SystemTests.Setup;

/// <summary>Where the repository and its test data are.</summary>
internal static class RepositoryTree
{
    /// <summary>The folder of Gateway.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file of the shared test data beside the repository.</summary>
    public static string Shared(params string[] path) => Path.Combine([Root, "..", "shared", .. path]);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("no Gateway.sln above the tests");
    }
}
