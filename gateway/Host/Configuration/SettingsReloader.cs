using Gateway.Telemetry;

namespace Gateway.Configuration;

/// <summary>Takes a changed file into force, or refuses it whole and says why.</summary>
internal sealed class SettingsReloader(
    SettingsSource source,
    SettingsStore store,
    ProxyValidator validator,
    ReloadOutcome outcome,
    ILogger<SettingsReloader> log)
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private string _considered = store.Current.Hash;

    /// <summary>Whether this content was considered last, so that there is nothing to do.</summary>
    public bool IsKnown(FileContent content) => Volatile.Read(ref _considered) == content.Identity;

    /// <summary>Reads the file and applies it; an invalid one changes nothing but the outcome.</summary>
    /// <returns>The faults; empty when the file is in force.</returns>
    public async Task<IReadOnlyList<ConfigFault>> ReloadAsync(FileContent content)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            Volatile.Write(ref _considered, content.Identity);
            SettingsReading reading = source.Read(content);
            IReadOnlyList<ConfigFault> faults = reading.Settings is { } settings
                ? [.. RestartOnly.Differences(store.Current, settings), .. await validator.ValidateAsync(settings)]
                : reading.Faults;
            if (faults.Count > 0)
                Refuse(faults);
            else
                Apply(reading.Settings!);
            return faults;
        }
        // A reload is nobody's request: whatever goes wrong is told here, and what runs goes on.
        catch (Exception fault)
        {
            log.ReloadFailed(fault);
            outcome.Record([new("", fault.Message)]);
            return outcome.Faults;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private void Apply(GatewaySettings settings)
    {
        // Before the swap: should YARP refuse after all, its word comes later and stays.
        outcome.Record([]);
        store.Swap(settings);
        log.ConfigurationApplied(source.FilePath, settings.Hash);
    }

    private void Refuse(IReadOnlyList<ConfigFault> faults)
    {
        outcome.Record(faults);
        log.ConfigurationRefused(source.FilePath, faults.Count, store.Current.Hash);
        foreach (ConfigFault fault in faults)
            log.ConfigurationFault(fault);
    }
}
