namespace Vrrp;

/// <summary>
/// Turns single results of a check into its health: the first result counts at once, later ones when they have come
/// <c>rise</c> or <c>fall</c> times in a row.
/// </summary>
/// <param name="rise">Successes in a row until a sick check is well; 1 or more.</param>
/// <param name="fall">Failures in a row until a well check is sick; 1 or more.</param>
public sealed class CheckTally(int rise, int fall)
{
    private int _inARow;

    /// <summary>The health by the results so far.</summary>
    public Health Health { get; private set; }

    /// <summary>Counts a result.</summary>
    /// <returns>Whether the health changed.</returns>
    public bool Add(bool isSuccess)
    {
        Health said = isSuccess ? Health.Healthy : Health.Sick;
        if (said == Health)
        {
            _inARow = 0;
            return false;
        }

        if (Health != Health.Unknown && ++_inARow < (isSuccess ? rise : fall))
            return false;
        _inARow = 0;
        Health = said;
        return true;
    }
}
