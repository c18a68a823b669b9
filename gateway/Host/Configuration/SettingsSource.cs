namespace Gateway.Configuration;

/// <summary>The one file the gateway is configured by, and the environment that overrides it.</summary>
/// <param name="path">The file; relative to the working directory.</param>
/// <param name="overrides">Values that win over the file's, by configuration path.</param>
internal sealed class SettingsSource(string path, IReadOnlyDictionary<string, string?> overrides)
{
    // Far above any real file; keeps a wrong path (a log, a device) from filling memory.
    private const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>The file's absolute path.</summary>
    public string FilePath { get; } = Path.GetFullPath(path);

    /// <summary>What relative paths inside the file are relative to.</summary>
    public string Folder => Path.GetDirectoryName(FilePath)!;

    /// <summary>The file's bytes as they are now, or why there are none.</summary>
    public FileContent Fetch()
    {
        try
        {
            using FileStream file = new(
                FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > MaxFileBytes)
                return new(null, $"the file has more than {MaxFileBytes} bytes");
            using MemoryStream content = new();
            file.CopyTo(content);
            return new(content.ToArray(), null);
        }
        catch (FileNotFoundException)
        {
            return new(null, "the file does not exist");
        }
        catch (DirectoryNotFoundException)
        {
            return new(null, "the file does not exist");
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(FilePath))
        {
            return new(null, "this is a folder, not a file");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new(null, $"the file cannot be read: {fault.Message}");
        }
    }

    /// <summary>Makes settings of a content.</summary>
    public SettingsReading Read(FileContent content) =>
        content.Bytes is null
            ? SettingsReading.Refused(new ConfigFault("", content.Trouble!))
            : SettingsReader.Read(content.Bytes, overrides);
}

/// <summary>A file's bytes, or the trouble that kept them from being read.</summary>
internal sealed record FileContent(byte[]? Bytes, string? Trouble)
{
    /// <summary>Equal for equal contents and for equal troubles.</summary>
    public string Identity { get; } = Bytes is null ? Trouble! : SettingsReader.HashOf(Bytes);
}
