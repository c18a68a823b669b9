namespace InfluxMirror.Writes;

/// <summary>How many destinations must have confirmed a write before its client is told so.</summary>
public enum ConsistencyLevel
{
    /// <summary>One, or none if the record is safely kept.</summary>
    Any,

    /// <summary>One.</summary>
    One,

    /// <summary>More than half.</summary>
    Quorum,

    /// <summary>Every one.</summary>
    All,
}

/// <summary>What the destinations have said about a record so far.</summary>
/// <param name="Destinations">How many there are.</param>
/// <param name="Confirmed">They have it.</param>
/// <param name="Rejected">They will never take it.</param>
/// <param name="Parked">They refuse it as long as something is missing there.</param>
/// <param name="Open">They may answer any moment.</param>
public readonly record struct Votes(int Destinations, int Confirmed, int Rejected, int Parked, int Open);

/// <summary>What to tell the client.</summary>
public enum Ruling
{
    /// <summary>Nothing yet.</summary>
    Wait,

    /// <summary>It is done, or safely kept.</summary>
    Accept,

    /// <summary>A destination's refusal, verbatim.</summary>
    Refuse,

    /// <summary>It is kept and will be delivered, but not confirmed as asked: 503.</summary>
    Keep,
}

/// <summary>
/// The rules of <c>consistency=any|one|quorum|all</c>, InfluxDB's own parameter of <c>/write</c>. Pure: the answer
/// depends on what was said, never on who said it first.
/// </summary>
public static class Consistency
{
    /// <summary>Reads a level as InfluxDB does: lower or upper case.</summary>
    public static bool TryParse(string text, out ConsistencyLevel level)
    {
        switch (text.ToLowerInvariant())
        {
            case "any":
                level = ConsistencyLevel.Any;
                return true;
            case "one":
                level = ConsistencyLevel.One;
                return true;
            case "quorum":
                level = ConsistencyLevel.Quorum;
                return true;
            case "all":
                level = ConsistencyLevel.All;
                return true;
            default:
                level = default;
                return false;
        }
    }

    /// <summary>Confirmations that <paramref name="level"/> asks of so many destinations.</summary>
    public static int Required(ConsistencyLevel level, int destinations) => level switch
    {
        ConsistencyLevel.Quorum => (destinations / 2) + 1,
        ConsistencyLevel.All => destinations,
        _ => 1,
    };

    /// <summary>Rules on a write. <paramref name="timeIsUp"/>: the client is not to wait any longer.</summary>
    public static Ruling Decide(ConsistencyLevel level, Votes votes, bool timeIsUp)
    {
        var required = Required(level, votes.Destinations);
        if (votes.Confirmed >= required)
            return Ruling.Accept;
        // Even when enough have refused: whose refusal is passed on must not depend on who was quicker.
        if (votes.Open > 0 && !timeIsUp)
            return Ruling.Wait;

        // Everybody who could be asked has answered, or the time is up.
        if (votes.Destinations - votes.Rejected < required)
            return Ruling.Refuse;
        if (votes.Confirmed == 0 && votes.Rejected > 0)
            return Ruling.Refuse;
        // What may yet be accepted somewhere is no refusal: it would be taken back from those that lack something.
        if (votes.Confirmed == 0 && votes.Parked > 0 && votes.Open == 0)
            return Ruling.Refuse;
        if (level == ConsistencyLevel.Any)
            return Ruling.Accept;
        return timeIsUp ? Ruling.Keep : Ruling.Wait;
    }

    /// <summary>Rules on a statement: whoever executed it, or could not read it, speaks for all.</summary>
    public static Ruling DecideStatement(Votes votes, bool timeIsUp) =>
        votes.Confirmed > 0 ? Ruling.Accept
        : votes.Rejected > 0 ? Ruling.Refuse
        : Decide(ConsistencyLevel.One, votes, timeIsUp);
}
