namespace Gateway.SimulationTests.Cluster;

/// <summary>Events that a plan has only when asked for.</summary>
[Flags]
internal enum Hazards
{
    None,

    /// <summary>
    /// A stop is cut short before every cursor is saved, or the cursor file of one destination is lost behind it.
    /// </summary>
    LostCursor = 1,

    /// <summary>A destination that was removed comes back before its removal has come to an end.</summary>
    HastyReturn = 2,
}
