using System.Globalization;
using InfluxMirror.Writes;

namespace InfluxMirror.Inputs;

/// <summary>What a mirrored route carries.</summary>
public enum MirrorKind
{
    /// <summary>Writes.</summary>
    LineProtocol,

    /// <summary>Queries: those that change something go everywhere, the others are balanced.</summary>
    InfluxQL,

    /// <summary>Anything: everywhere, as it is.</summary>
    Raw,
}

/// <summary>
/// What a route's transform says: <c>{ "Mirror": "LineProtocol", "Consistency": "any", "AckTimeout": "00:00:10" }</c>.
/// </summary>
/// <param name="Kind">What it carries.</param>
/// <param name="Consistency">Confirmations a write needs unless it asks otherwise.</param>
/// <param name="AckTimeout">How long a client waits for them.</param>
public sealed record RouteMirror(MirrorKind Kind, ConsistencyLevel Consistency, TimeSpan AckTimeout)
{
    /// <summary>The transform's name, and its key.</summary>
    public const string Key = "Mirror";

    private const string ConsistencyKey = "Consistency";
    private const string AckTimeoutKey = "AckTimeout";

    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatementTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromDays(1);

    /// <summary>Reads the entries of a transform that has the key <see cref="Key"/>.</summary>
    /// <param name="values">The transform as YARP has it: texts by name.</param>
    /// <param name="faults">Takes a sentence for each value that cannot be, with the value in it.</param>
    public static RouteMirror Parse(IReadOnlyDictionary<string, string> values, ICollection<string> faults)
    {
        var kind = MirrorKind.Raw;
        if (!Enum.TryParse(values[Key], ignoreCase: true, out kind) || int.TryParse(values[Key], out _))
            faults.Add($"Mirror: '{values[Key]}' is not one of {string.Join(", ", Enum.GetNames<MirrorKind>())}");

        var level = ConsistencyLevel.Any;
        if (values.TryGetValue(ConsistencyKey, out var consistency) &&
            !Writes.Consistency.TryParse(consistency, out level))
            faults.Add($"Consistency: '{consistency}' is not one of any, one, quorum, all");
        if (consistency is not null && kind == MirrorKind.InfluxQL)
            faults.Add("Consistency: statements always go to every destination and answer with the first; remove it");

        var timeout = kind == MirrorKind.InfluxQL ? StatementTimeout : WriteTimeout;
        if (values.TryGetValue(AckTimeoutKey, out var text) &&
            (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out timeout) || timeout <= TimeSpan.Zero ||
             timeout > MaxTimeout))
            faults.Add($"AckTimeout: '{text}' is not a time between 00:00:00 and 1.00:00:00, such as 00:00:10");

        foreach (var key in values.Keys)
        {
            if (key is not (Key or ConsistencyKey or AckTimeoutKey))
                faults.Add($"{key}: not a key of the transform Mirror (it has {ConsistencyKey} and {AckTimeoutKey})");
        }

        return new RouteMirror(kind, level, timeout);
    }
}
