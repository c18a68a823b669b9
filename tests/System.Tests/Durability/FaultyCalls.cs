namespace Gateway.SystemTests.Durability;

/// <summary>System calls of a gateway that fail or lie on demand; see faulty-calls.c.</summary>
internal sealed class FaultyCalls : IDisposable
{
    private const int SyncError = 0;
    private const int ClockSeconds = 8;
    private const int FailedSyncs = 16;
    private const int HangSyncsAt = 24;
    private const int InputOutputError = 5;

    private readonly PreloadedLibrary library;

    private FaultyCalls(GatewayConfiguration configuration) =>
        library = new PreloadedLibrary("faulty-calls.c", "GATEWAY_TEST_FAULTS", configuration);

    /// <summary>Syncs that failed so far.</summary>
    public long Failed => library[FailedSyncs];

    /// <summary>Puts them into the processes of this configuration.</summary>
    public static FaultyCalls Into(GatewayConfiguration configuration) => new(configuration);

    /// <summary>fsync and fdatasync fail with EIO from now on, or work again.</summary>
    public void FailSyncs(bool fail) => library[SyncError] = fail ? InputOutputError : 0;

    /// <summary>fsync and fdatasync do not return from now on, or do again.</summary>
    public void HangSyncs(bool hang) => library[HangSyncsAt] = hang ? 1 : 0;

    /// <summary>The wall clock is off by this much from now on.</summary>
    public void ShiftClock(TimeSpan by) => library[ClockSeconds] = (long)by.TotalSeconds;

    public void Dispose() => library.Dispose();
}
