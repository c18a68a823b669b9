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
    private volatile bool _isFounded;

    /// <summary>The destinations. They stay what they are while couriers end: an end of the gateway removes nobody.
    /// </summary>
    public IReadOnlyList<string> Now => _now;

    /// <summary>There were destinations before: records may have been accepted without one that is added now.</summary>
    public bool IsFounded => _isFounded;

    /// <summary>The destinations have changed, and have begun.</summary>
    public void Change(IEnumerable<string> destinations)
    {
        _now = [.. destinations];
        _isFounded |= _now.Count > 0;
    }

    /// <summary>Whether a destination without a cursor was one before, and has lost it.</summary>
    public bool WasKnown(string destination)
    {
        var saved = store!.AllSaved();
        if (saved.Count == 0)
            return !store.IsNew || !_isFounded;
        return saved.Values
            .Select(static state => CourierState.Decode(state.Extra.Span))
            .Any(state => state is not null && Has(state.Members, destination));
    }

    /// <summary>
    /// Whether a destination was none for a while: a cursor was saved without it, its own when it went, or another one
    /// while it was away. Only then files that it needs may have gone.
    /// </summary>
    public bool WasAbsent(string destination) => store!.AllSaved().Values
        .Select(static state => CourierState.Decode(state.Extra.Span))
        .Any(state => state is not null && !Has(state.Members, destination));

    private static bool Has(IReadOnlyList<string> members, string destination) =>
        members.Contains(destination, StringComparer.OrdinalIgnoreCase);
}
