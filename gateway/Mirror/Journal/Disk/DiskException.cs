namespace InfluxMirror.Journal.Disk;

/// <summary>What a disk refused.</summary>
public sealed class DiskException : IOException
{
    /// <summary>A refusal of kind <paramref name="fault"/>.</summary>
    public DiskException(DiskFault fault, string message, Exception? cause = null)
        : base(message, cause) => Fault = fault;

    /// <summary>Its kind.</summary>
    public DiskFault Fault { get; }
}

/// <summary>Kinds of refusal.</summary>
public enum DiskFault
{
    /// <summary>Anything else, mostly EIO: what was asked may be half done.</summary>
    Failed,

    /// <summary>No space, or no quota: passes when space returns.</summary>
    Full,

    /// <summary>There is no such file.</summary>
    Missing,

    /// <summary>Another process has the folder.</summary>
    Locked,
}
