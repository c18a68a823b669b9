using InfluxMirror.Journal;

namespace InfluxMirror.Delivery;

/// <summary>
/// Who is and who was a destination of a cluster. Every cursor is saved with the members of its time, so that a
/// destination that lost its cursor can be told from a new one, and one that was away from one that was not.
/// </summary>
/// <param name="store">Where cursors are saved; null when the journal is in memory.</param>
internal sealed class Membership(JournalStore? store)
{
    // Before the first change it is who was one: a newcomer's cursor may be the first that is saved, and the only one.
    private volatile IReadOnlyList<string> _now = store is null ? [] : [.. store.AllSaved().Values
        .Select(static state => CourierState.Decode(state.Extra.Span))
        .SelectMany(static state => state?.Members ?? [])
        .Distinct(StringComparer.OrdinalIgnoreCase)];
    private Dictionary<string, Standing> _standings = [];
    private bool _isFounded;

    /// <summary>The destinations. They stay what they are while couriers end: an end of the gateway removes nobody.
    /// </summary>
    public IReadOnlyList<string> Now => _now;

    /// <summary>What a destination was before it begins: see <see cref="Look"/>.</summary>
    public Standing Of(string destination) => _standings[destination];

    /// <summary>
    /// Looks at what destinations were that are about to begin: before the first of them does, for what it saves would
    /// make the others pass for newcomers. Those that were always there are named from now on; one that was away is
    /// named when it has begun, and saved that.
    /// </summary>
    public void Look(IReadOnlyCollection<string> destinations)
    {
        _standings = destinations.ToDictionary(
            static one => one, one => new Standing(_isFounded, WasKnown(one), WasAbsent(one)));
        _now = [.. _now.Union(
            destinations.Where(one => _standings[one] is { WasKnown: true, WasAbsent: false }),
            StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The destinations have changed, and have begun.</summary>
    public void Change(IEnumerable<string> destinations)
    {
        _now = [.. destinations];
        _isFounded |= _now.Count > 0;
    }

    private bool WasKnown(string destination)
    {
        if (store is null)
            return true;
        var saved = store.AllSaved();
        if (saved.ContainsKey(destination))
            return true;
        if (saved.Count == 0)
            return !store.IsNew || !_isFounded;
        return saved.Values
            .Select(static state => CourierState.Decode(state.Extra.Span))
            .Any(state => state is not null && Has(state.Members, destination));
    }

    private bool WasAbsent(string destination) => store is not null && store.AllSaved().Values
        .Select(static state => CourierState.Decode(state.Extra.Span))
        .Any(state => state is not null && !Has(state.Members, destination));

    private static bool Has(IReadOnlyList<string> members, string destination) =>
        members.Contains(destination, StringComparer.OrdinalIgnoreCase);
}

/// <summary>What a destination was before it begins.</summary>
/// <param name="IsLate">There were destinations before: records may have been accepted without it.</param>
/// <param name="WasKnown">It was one before; if it has no cursor it has lost it.</param>
/// <param name="WasAbsent">
/// It was none for a while: a cursor was saved without it, its own when it went, or another one while it was away. Only
/// then files that it needs may have gone.
/// </param>
internal readonly record struct Standing(bool IsLate, bool WasKnown, bool WasAbsent);
