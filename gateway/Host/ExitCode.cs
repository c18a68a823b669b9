namespace Gateway;

/// <summary>How the program ends.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>It ran, or tried to, and something failed.</summary>
    public const int Failed = 1;

    /// <summary>It was called wrongly, or its configuration is not valid.</summary>
    public const int Refused = 2;
}
