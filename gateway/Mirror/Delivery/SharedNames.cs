using System.Collections.Concurrent;

namespace InfluxMirror.Delivery;

/// <summary>
/// Names that many records have, once each, so that what is remembered of a record takes little memory. Clients choose
/// the names: a long one is not kept.
/// </summary>
internal static class SharedNames
{
    /// <summary>Stands for a name that is too long to be kept.</summary>
    public const string Long = "(a long name)";

    private const int MaxLength = 64;
    private const int MaxNames = 1000;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    /// <summary>The same name, or <see cref="Long"/>.</summary>
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
