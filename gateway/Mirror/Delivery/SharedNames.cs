using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace InfluxMirror.Delivery;

/// <summary>
/// Names of databases and retention policies, once each, so that what is remembered of a record takes little memory.
/// Clients choose them: one that is longer than InfluxDB takes is not kept.
/// </summary>
internal static class SharedNames
{
    /// <summary>Stands for a name that is too long to be kept.</summary>
    public const string Long = "(a long name)";

    // InfluxDB 1.x: "name too long" beyond that.
    private const int MaxLength = 255;
    private const int MaxNames = 1000;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    /// <summary>The same name, or <see cref="Long"/>.</summary>
    [return: NotNullIfNotNull(nameof(name))]
    public static string? Of(string? name)
    {
        if (name is null)
            return null;
        if (name.Length > MaxLength)
            return Long;
        if (Known.TryGetValue(name, out var known))
            return known;
        if (Known.Count >= MaxNames)
            Known.Clear();
        return Known.GetOrAdd(name, name);
    }
}
