using InfluxMirror.Delivery;
using InfluxMirror.Inputs;
using InfluxMirror.Reads;
using InfluxMirror.Telemetry;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror;

/// <summary>Adds the mirror to a YARP host: every registration, on one screen.</summary>
public static class MirrorBuilderExtensions
{
    /// <summary>
    /// Adds mirrored delivery. The pipeline needs <see cref="UseInfluxMirror"/> as well, and routes that are to be
    /// mirrored name the transform <c>Mirror</c>.
    /// </summary>
    /// <param name="builder">YARP's builder.</param>
    /// <param name="configure">
    /// Sets options; none when the host brings an <see cref="IOptionsMonitor{T}"/> of its own.
    /// </param>
    public static IReverseProxyBuilder AddInfluxMirror(
        this IReverseProxyBuilder builder, Action<MirrorOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var options = services.AddOptions<MirrorOptions>();
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<MirrorOptions>, MirrorOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MirrorMetrics>();
        services.AddSingleton<CourierFleet>();
        services.AddSingleton<IClusterChangeListener>(static provider => provider.GetRequiredService<CourierFleet>());
        services.AddHostedService(static provider => provider.GetRequiredService<CourierFleet>());
        services.AddHostedService<UnusedJournals>();
        services.AddSingleton<LastCall>();
        services.AddSingleton(static provider => ActivatorUtilities.CreateInstance<MirrorWriter>(
            provider, provider.GetRequiredService<LastCall>().Token));
        services.AddSingleton<WriteTargets>();
        services.AddSingleton<BodyReader>();
        services.AddSingleton<Inflater>();
        services.AddSingleton<LineProtocolInput>();
        services.AddSingleton<StatementInput>();
        services.AddSingleton<RawInput>();
        services.AddSingleton<MirrorInputs>();
        services.AddSingleton<MirrorPipeline>();
        services.AddSingleton<MirrorRoutes>();
        services.AddSingleton<Freshness>();
        services.AddSingleton<ReadsUnderWay>();
        services.AddSingleton<ReadRouting>();
        services.AddSingleton<IActiveHealthCheckPolicy, InfluxHealthPolicy>();
        services.AddSingleton(static provider => new MirrorOverview(
            provider.GetRequiredService<CourierFleet>(),
            provider.GetRequiredService<Freshness>(),
            provider.GetRequiredService<IProxyStateLookup>(),
            provider.GetRequiredService<MirrorMetrics>()));
        services.AddSingleton(static provider => new MirrorLetters(
            provider.GetRequiredService<CourierFleet>(), provider.GetRequiredService<TimeProvider>()));
        // After the fleet, so that it ends first.
        services.AddSingleton<UdpListeners>();
        services.AddHostedService(static provider => provider.GetRequiredService<UdpListeners>());
        return builder
            .ConfigureHttpClient(static (_, handler) => handler.PlaintextStreamFilter = GatheringStream.OverAsync)
            .AddTransformFactory<MirrorTransformFactory>();
    }

    /// <summary>
    /// Adds the mirror's step to YARP's pipeline; it goes before <c>UseLoadBalancing</c>. Mirrored requests are
    /// answered there: steps behind it see what is forwarded.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="AddInfluxMirror"/> was not called.</exception>
    public static IReverseProxyApplicationBuilder UseInfluxMirror(this IReverseProxyApplicationBuilder pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        var services = pipeline.ApplicationServices;
        var step = services.GetService<MirrorPipeline>()
            ?? throw new InvalidOperationException("UseInfluxMirror() needs AddReverseProxy().AddInfluxMirror().");
        step.IsUsed = true;
        // Observes for the metrics from now on, asked for or not.
        services.GetRequiredService<MirrorOverview>();
        pipeline.Use(next =>
        {
            var middleware = ActivatorUtilities.CreateInstance<MirrorMiddleware>(services, next);
            return middleware.InvokeAsync;
        });
        return pipeline;
    }
}
