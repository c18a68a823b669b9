using System.Reflection;
using Gateway.Clients;
using Gateway.Configuration;
using Gateway.Listeners;
using Gateway.Management;
using Gateway.RateLimiting;
using Gateway.Telemetry;
using InfluxMirror;
using InfluxMirror.Inputs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Prometheus;
using Yarp.ReverseProxy.Configuration;

namespace Gateway;

/// <summary>Composes the program: every service and every step of the pipeline, on one screen.</summary>
internal static class GatewayHost
{
    // How long requests under way may take once the program is told to end; couriers then have their own time.
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(8);

    /// <summary>The services for these settings. Nothing listens and nothing is proxied yet.</summary>
    /// <param name="settings">What <paramref name="source"/> said.</param>
    /// <param name="source">The file, for reloads.</param>
    /// <param name="extend">Further parts of the proxy; used by tests.</param>
    public static WebApplication Build(
        GatewaySettings settings, SettingsSource source, Action<IReverseProxyBuilder>? extend = null)
    {
        // Empty: none of the framework's own readers of files and variables.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = "gateway",
            ContentRootPath = source.Folder,
        });
        SettingsValues values = new(settings);
        ((IConfigurationBuilder)builder.Configuration).Add(values);
        builder.AddConsoleLog();
        builder.AddRequestLog();
        builder.AddListeners(settings);

        IServiceCollection services = builder.Services;
        services.AddSystemd();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = RequestPatience);
        services.AddSingleton(TimeProvider.System);
        services.AddRouting();
        services.AddSingleton(new InMemoryConfigProvider(settings.Routes, settings.Clusters, settings.Hash));
        services.AddSingleton<IProxyConfigProvider>(provider => provider.GetRequiredService<InMemoryConfigProvider>());
        services.AddSingleton<IConfigChangeListener, ProxyApplyListener>();
        IReverseProxyBuilder proxy = services.AddReverseProxy().AddInfluxMirror();
        services.WithoutKeyFiles();
        services.WithoutAuthorization();

        services.AddSingleton(values);
        services.AddSingleton(source);
        services.AddSingleton(settings);
        services.AddSingleton(settings.Mirror);
        services.AddSingleton(settings.RateLimiting);
        services.AddSingleton<MirrorOptionsMonitor>();
        services.AddSingleton<IOptionsMonitor<MirrorOptions>>(p => p.GetRequiredService<MirrorOptionsMonitor>());
        services.AddSingleton<IOptions<MirrorOptions>>(p => p.GetRequiredService<MirrorOptionsMonitor>());
        services.AddSingleton<SettingsStore>();
        services.AddSingleton<ProxyValidator>();
        services.AddSingleton<ReloadOutcome>();
        services.AddSingleton<SettingsReloader>();
        services.AddHostedService<SettingsWatcher>();

        services.AddSingleton<RateLimits>();
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<RateLimits>((limiter, limits) => limits.Register(limiter));

        services.AddSingleton(Metrics.NewCustomRegistry());
        services.AddSingleton<GatewayMetrics>();
        services.AddHostedService<MetricsExport>();
        services.AddSingleton(p => new MirrorView(
            p.GetRequiredService<MirrorOverview>().Readiness, p.GetRequiredService<MirrorOverview>().Destinations)
        {
            DeclareInSync = p.GetRequiredService<MirrorOverview>().DeclareInSync,
        });
        services.AddSingleton<LetterEndpoints>();
        services.AddSingleton<MetricsEndpoint>();
        services.AddSingleton<ManagementEndpoints>();
        extend?.Invoke(proxy);
        bool started = false;
        builder.Logging.MuteHostUntil(() => started);
        WebApplication app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => started = true);
        return app;
    }

    // YARP brings data protection along for session affinity, which the gateway does not have; at start it would write
    // keys to the home directory.
    private static void WithoutKeyFiles(this IServiceCollection services)
    {
        Assembly dataProtection = typeof(KeyManagementOptions).Assembly;
        foreach (ServiceDescriptor service in services
            .Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Assembly == dataProtection)
            .ToList())
            services.Remove(service);
    }

    // YARP brings authorization along, and the framework then puts a step for it in front of every request. No route
    // may name a policy (ProxyRules): who may write is for InfluxDB to say.
    private static void WithoutAuthorization(this IServiceCollection services) =>
        services.RemoveAll<IAuthorizationHandlerProvider>();

    /// <summary>Faults only a host can find: YARP's validators know transforms and policies by services.</summary>
    public static Task<IReadOnlyList<ConfigFault>> ValidateAsync(WebApplication app) =>
        app.Services.GetRequiredService<ProxyValidator>()
            .ValidateAsync(app.Services.GetRequiredService<SettingsStore>().Current);

    /// <summary>
    /// The pipeline: the request log if wanted, management by connection, then <c>/ping</c>, then limits and YARP.
    /// </summary>
    public static void UseGateway(this WebApplication app)
    {
        app.UseRequestLog();
        app.MapWhen(
            context => context.IsManagement(), app.Services.GetRequiredService<ManagementEndpoints>().Map);
        app.UseMiddleware<PingMiddleware>();
        app.UseRouting();
        app.UseRateLimiter();
        app.MapReverseProxy(proxy =>
        {
            proxy.UseInfluxMirror();
            proxy.UseLoadBalancing();
        });
        app.MapFallback("{**path}", context => InfluxAnswer.ErrorAsync(
            context, StatusCodes.Status404NotFound, "no route of the gateway serves this path", version: null));
    }
}
