namespace InfluxMirror.Delivery;

/// <summary>Where things are in the folder of the journals.</summary>
public static class JournalFolder
{
    /// <summary>In a journal's folder: that of the dead letters.</summary>
    public const string Letters = "letters";

    /// <summary>The name of a cluster's folder.</summary>
    public static string NameOf(string cluster) =>
        // A dot is no harm in a name, but two are the folder above.
        Uri.EscapeDataString(cluster).Replace(".", "%2E", StringComparison.Ordinal);

    /// <summary>
    /// A cluster's folder among those in a folder: the one that is there, though the case of the letters in its name
    /// has changed.
    /// </summary>
    public static string PathOf(string root, string cluster)
    {
        var path = Path.Combine(root, NameOf(cluster));
        if (Directory.Exists(path) || !Directory.Exists(root))
            return path;
        var name = Path.GetFileName(path);
        return Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal).FirstOrDefault(
            other => Path.GetFileName(other).Equals(name, StringComparison.OrdinalIgnoreCase)) ?? path;
    }

    /// <summary>The cluster whose folder has this name.</summary>
    public static string ClusterOf(string name) => Uri.UnescapeDataString(name);
}
