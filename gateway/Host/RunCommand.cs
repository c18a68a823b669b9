using Gateway.Configuration;
using Gateway.Telemetry;

namespace Gateway;

/// <summary><c>gateway --config FILE</c>: runs until it is told to end.</summary>
internal static class RunCommand
{
    public static async Task<int> RunAsync(SettingsSource source, CancellationToken stop)
    {
        SettingsReading reading = source.Read(source.Fetch());
        if (reading.Settings is not { } settings)
            return CheckCommand.Refuse(source, reading.Faults);
        await using WebApplication app = GatewayHost.Build(settings, source);
        IReadOnlyList<ConfigFault> faults = await GatewayHost.ValidateAsync(app);
        if (faults.Count > 0)
            return CheckCommand.Refuse(source, faults);
        try
        {
            app.UseGateway();
            await app.StartAsync(stop);
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            // An address in use, a certificate that cannot be read: the reason matters, the stack does not.
            Console.Error.WriteLine($"gateway: cannot start: {Reasons(fault)}");
            return ExitCode.Failed;
        }
        app.Lifetime.ApplicationStopping.Register(app.Logger.Stopping);
        app.Logger.Started(GatewayVersion.Text, string.Join(", ", app.Urls), source.FilePath, settings.Hash);
        await app.WaitForShutdownAsync(stop);
        return AnyFailed(app) ? ExitCode.Failed : ExitCode.Ok;
    }

    private static string Reasons(Exception fault)
    {
        List<string> reasons = [];
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
            if (!reasons.Exists(reason => reason.Contains(cause.Message, StringComparison.OrdinalIgnoreCase)))
                reasons.Add(cause.Message);
        return string.Join(": ", reasons);
    }

    // A service that ends by an exception stops the host, which then ends as if it had been asked to.
    private static bool AnyFailed(WebApplication app) =>
        app.Services.GetServices<IHostedService>().OfType<BackgroundService>()
            .Any(service => service.ExecuteTask?.IsFaulted ?? false);
}
