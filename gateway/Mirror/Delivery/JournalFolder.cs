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

    /// <summary>The cluster whose folder has this name.</summary>
    public static string ClusterOf(string name) => Uri.UnescapeDataString(name);
}
