namespace Vrrp.Daemon.Configuration;

/// <summary>Collects what is wrong, once for every place and at most <see cref="Most"/> of it.</summary>
internal sealed class Findings
{
    /// <summary>Faults, and warnings, that are listed.</summary>
    public const int Most = 100;

    private readonly List<ConfigurationFinding> _faults = [];
    private readonly List<ConfigurationFinding> _warnings = [];

    public IReadOnlyList<ConfigurationFinding> Faults => _faults;

    public IReadOnlyList<ConfigurationFinding> Warnings => _warnings;

    /// <summary>Whether a further fault would not be listed.</summary>
    public bool IsFull => _faults.Count == Most;

    /// <summary>
    /// Adds a fault, unless one is known of the same place, of what it stands in, or of something in it: a value that
    /// could not be read is not missing too.
    /// </summary>
    public void Fault(string path, string text)
    {
        if (IsFull || _faults.Exists(known => known.Text != text && Covers(known.Path, path)))
            return;
        _faults.Add(_faults.Count == Most - 1
            ? new("", "there are more faults; correct these first")
            : new(path, text));
    }

    /// <summary>Whether a fault of that place is known.</summary>
    public bool IsFaulty(string path) => _faults.Exists(known => known.Path == path);

    public void Warn(string path, string text)
    {
        if (_warnings.Count < Most)
            _warnings.Add(new(path, text));
    }

    private static bool Covers(string known, string path) =>
        known == path || IsWithin(known, path) || IsWithin(path, known);

    private static bool IsWithin(string inner, string outer) =>
        inner.Length > outer.Length && inner[outer.Length] == ':' && inner.StartsWith(outer, StringComparison.Ordinal);
}
