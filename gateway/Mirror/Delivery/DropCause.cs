namespace InfluxMirror.Delivery;

/// <summary>Why points were given up for a destination.</summary>
public enum DropCause
{
    /// <summary>The journal was full.</summary>
    Full,

    /// <summary>They had waited for longer than allowed.</summary>
    Aged,

    /// <summary>The journal's files could not be read any more.</summary>
    Damaged,

    /// <summary>The destination was removed, or the host ended, while the journal was in memory.</summary>
    Removed,

    /// <summary>A version of the program that did not say why gave them up.</summary>
    Unknown,
}
