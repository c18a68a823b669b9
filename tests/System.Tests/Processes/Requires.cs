namespace Gateway.SystemTests.Processes;

/// <summary>What a test needs of the machine: absent, it fails in CI and is skipped elsewhere.</summary>
internal static class Requires
{
    public static void Influxd() => Program("influxd", "Debian's package influxdb");

    public static void InfluxCommandLine() => Program("influx", "Debian's package influxdb-client");

    public static void Compiler() => Program("gcc", "Debian's package g++");

    /// <summary>Rights that only root has: to mount a file system.</summary>
    public static void Root()
    {
        if (!Environment.IsPrivilegedProcess)
            Missing("this test mounts a file system: it has to run as root");
    }

    private static void Program(string program, string source)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (folders.Any(folder => File.Exists(Path.Combine(folder, program))))
            return;
        Missing($"{program} is not installed: it comes with {source}");
    }

    private static void Missing(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
