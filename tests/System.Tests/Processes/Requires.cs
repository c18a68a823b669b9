namespace Gateway.SystemTests.Processes;

/// <summary>What a test needs of the machine: absent, it fails in CI and is skipped elsewhere.</summary>
internal static class Requires
{
    public static void Influxd() => Program("influxd", "Debian's package influxdb");

    public static void InfluxCommandLine() => Program("influx", "Debian's package influxdb-client");

    private static void Program(string program, string source)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (folders.Any(folder => File.Exists(Path.Combine(folder, program))))
            return;
        string reason = $"{program} is not installed: it comes with {source}";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
