namespace Vrrp.Daemon;

/// <summary>What the program returns.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>It failed while it ran, or could not begin to.</summary>
    public const int Failed = 1;

    /// <summary>Wrong arguments, or an invalid file.</summary>
    public const int Usage = 2;
}
