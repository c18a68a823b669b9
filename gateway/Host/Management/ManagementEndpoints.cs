using Gateway.Clients;
using Gateway.Configuration;
using InfluxMirror;

namespace Gateway.Management;

/// <summary>What the management listener answers.</summary>
internal sealed class ManagementEndpoints(
    MirrorView mirror,
    LetterEndpoints letters,
    MetricsEndpoint metrics,
    SettingsSource source,
    SettingsStore settings,
    ReloadOutcome reload,
    IHostApplicationLifetime lifetime)
{
    /// <summary>Builds the branch of the pipeline that serves management connections, and nothing else does.</summary>
    public void Map(IApplicationBuilder branch)
    {
        ManagementGate gate = new(settings.Current.Management);
        branch.Use(gate.InvokeAsync);
        branch.UseRouting();
        branch.UseEndpoints(endpoints =>
        {
            metrics.Map(endpoints);
            endpoints.MapGet("/health/live", () => Results.Ok(new { live = true }));
            endpoints.MapGet("/health/ready", Ready);
            endpoints.MapGet("/health/destinations/{id}", Destination);
            endpoints.MapGet("/status", Status);
            endpoints.MapPost("/destinations/{id}/sync-done", SyncDone);
            letters.Map(endpoints);
        });
    }

    private IResult Ready()
    {
        MirrorReadiness readiness = mirror.Readiness();
        List<string> reasons = [.. readiness.Reasons];
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            reasons.Insert(0, "the gateway is stopping");
        else if (!lifetime.ApplicationStarted.IsCancellationRequested)
            reasons.Insert(0, "the client listener is not up yet");
        bool ready = readiness.AcceptsWrites && readiness.ServesReads
            && lifetime.ApplicationStarted.IsCancellationRequested
            && !lifetime.ApplicationStopping.IsCancellationRequested;
        return Answer(ready, new { ready, reasons });
    }

    // Ids are unique in their cluster; where two clusters use the same one, both have to be well.
    private IResult Destination(string id)
    {
        List<DestinationStatus> found =
            [.. mirror.Destinations().Where(d => d.Destination.Equals(id, StringComparison.OrdinalIgnoreCase))];
        if (found.Count == 0)
            return Results.NotFound(new { error = "there is no such destination" });
        bool well = found.TrueForAll(destination => destination.Up && destination.Fit);
        string[] reasons = [.. found.Select(destination => destination.Reason).OfType<string>()];
        return Answer(well, new { destination = found[0].Destination, well, reasons });
    }

    // The operator's word: it has been given what it lacked by other means.
    private IResult SyncDone(string id) => mirror.DeclareInSync(id)
        ? Results.NoContent()
        : Results.NotFound(new { error = "there is no such destination" });

    private IResult Status()
    {
        MirrorReadiness readiness = mirror.Readiness();
        return Results.Ok(new
        {
            version = GatewayVersion.Text,
            configuration = new
            {
                file = source.FilePath,
                hash = settings.Current.Hash,
                lastReloadSuccessful = reload.Successful,
                lastReloadSuccess = reload.LastSuccess,
                faults = reload.Faults.Select(fault => fault.ToString()),
            },
            readiness,
            destinations = mirror.Destinations(),
        });
    }

    private static IResult Answer(bool well, object body) =>
        Results.Json(body, statusCode: well ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
