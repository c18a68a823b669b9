namespace Gateway.SimulationTests.Disks;

/// <summary>The program ends here; nothing of it runs on.</summary>
public sealed class SimulatedCrash : Exception;
