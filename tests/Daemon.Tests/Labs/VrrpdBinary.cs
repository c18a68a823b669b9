namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// The published program: what VRRPD_BINARY names, or else published once per run into a temporary folder.
/// </summary>
internal static class VrrpdBinary
{
    private static readonly Lazy<Task<string>> Published = new(PublishAsync);

    /// <summary>Its path.</summary>
    public static Task<string> PathAsync() =>
        Environment.GetEnvironmentVariable("VRRPD_BINARY") is { Length: > 0 } path
            ? Task.FromResult(path)
            : Published.Value;

    private static async Task<string> PublishAsync()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Gateway.sln")))
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("not within the repository");
        string target = Directory.CreateTempSubdirectory("vrrpd-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(target, recursive: true);
        using var process = Shell.Start(
            "dotnet", "publish", Path.Combine(root, "vrrpd/Daemon"), "-c", "Release", "-o", target, "-v", "quiet");
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? Path.Combine(target, "vrrpd")
            : throw new InvalidOperationException(await output + await errors);
    }
}
