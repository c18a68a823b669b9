namespace Vrrp.Daemon.Configuration;

/// <summary>A fault or a warning about a configuration file.</summary>
/// <param name="Path">Where: "Instances:VI_1:Priority"; empty: the file as a whole.</param>
/// <param name="Text">What is wrong and what to do, for people; no secrets.</param>
public readonly record struct ConfigurationFinding(string Path, string Text)
{
    /// <summary>Path and text.</summary>
    public override string ToString() => Path.Length == 0 ? Text : $"{Path}: {Text}";
}

/// <summary>What came of reading a configuration.</summary>
/// <param name="Config">The configuration; null when there are faults.</param>
/// <param name="Faults">Everything that forbids to run with it.</param>
/// <param name="Warnings">What an operator should look at.</param>
public sealed record ConfigurationResult(
    DaemonConfig? Config,
    IReadOnlyList<ConfigurationFinding> Faults,
    IReadOnlyList<ConfigurationFinding> Warnings);
