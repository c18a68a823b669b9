namespace Vrrp.Daemon.Configuration;

/// <summary>Reads the configuration from a file.</summary>
public static class ConfigurationFile
{
    /// <summary>
    /// Reads a file; relative paths in it become relative to it. A file that cannot be read is a fault.
    /// </summary>
    public static ConfigurationResult Load(string path)
    {
        byte[] json;
        bool isReadByOthers;
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            isReadByOthers = !OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(file.SafeFileHandle) & UnixFileMode.OtherRead) != 0;
            // One byte more than allowed, so that the reader sees that it is too long; also of a file without a length.
            json = new byte[ConfigurationReader.MaxLength + 1];
            Array.Resize(ref json, file.ReadAtLeast(json, json.Length, throwOnEndOfStream: false));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            return new(null, [new("", $"the file cannot be read: {fault.Message}")], []);
        }

        ConfigurationResult result = ConfigurationReader.Read(json);
        return result with
        {
            Config = result.Config is { EventLog: { } log } config
                ? config with { EventLog = Path.GetFullPath(log, Path.GetDirectoryName(Path.GetFullPath(path))!) }
                : result.Config,
            Warnings = isReadByOthers && result.Config is { } read && HasPassword(read)
                ? [.. result.Warnings, new("", "the file has a password in it and can be read by everybody; chmod 640")]
                : result.Warnings,
        };
    }

    private static bool HasPassword(DaemonConfig config) =>
        config.Instances.Any(instance => instance.Router.Password is not null);
}
