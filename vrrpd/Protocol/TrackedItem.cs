namespace Vrrp;

/// <summary>What is known of a check or an interface.</summary>
public enum Health : byte
{
    /// <summary>No result yet.</summary>
    Unknown,

    /// <summary>Well.</summary>
    Healthy,

    /// <summary>Not well.</summary>
    Sick,
}

/// <summary>What a tracked item counts as before its first result.</summary>
public enum BeforeFirstResult : byte
{
    /// <summary>As failed.</summary>
    Failed,

    /// <summary>As in keepalived: it changes no priority, and with weight 0 the router waits in Fault.</summary>
    Open,
}

/// <summary>A check or an interface that a router's priority depends on.</summary>
/// <param name="Name">Its name in the configuration, unique within the router.</param>
/// <param name="Weight">
/// Below 0: added while it fails. Above 0: added while it is well. 0: its failure is a fault of the router. -253 to
/// 253.
/// </param>
/// <param name="Reverse">Whether the sign is turned; with weight 0, whether being well is the fault.</param>
/// <param name="BeforeFirstResult">What it counts as before its first result.</param>
public sealed record TrackedItem(
    string Name, int Weight = 0, bool Reverse = false, BeforeFirstResult BeforeFirstResult = BeforeFirstResult.Failed)
{
    /// <summary>Whether the item puts the router into Fault.</summary>
    public bool IsFault(Health health) =>
        Weight == 0 && (health == Health.Unknown || health == Health.Sick != Reverse);

    /// <summary>What the item adds to the priority.</summary>
    public int Contribution(Health health)
    {
        if (health == Health.Unknown)
        {
            if (BeforeFirstResult == BeforeFirstResult.Open)
                return 0;
            health = Health.Sick;
        }

        int added = Weight > 0 == (health == Health.Healthy) ? Weight : 0;
        return Reverse ? -added : added;
    }
}
