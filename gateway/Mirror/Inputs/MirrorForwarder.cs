using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Inputs;

/// <summary>
/// Lets a mirroring transform that comes first on its route answer before YARP makes a message of the request, with all
/// its headers, that nobody would send. Whatever the transform leaves alone goes to YARP's own forwarder.
/// </summary>
internal sealed class MirrorForwarder(IHttpForwarder forwarder, MirrorRoutes routes) : IHttpForwarder
{
    /// <inheritdoc/>
    public ValueTask<ForwarderError> SendAsync(
        HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient,
        ForwarderRequestConfig requestConfig, HttpTransformer transformer) =>
        SendAsync(context, destinationPrefix, httpClient, requestConfig, transformer, CancellationToken.None);

    /// <inheritdoc/>
    public ValueTask<ForwarderError> SendAsync(
        HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient,
        ForwarderRequestConfig requestConfig, HttpTransformer transformer, CancellationToken cancellationToken)
    {
        // A host may forward something by itself, outside of YARP's pipeline.
        if (context.Features.Get<IReverseProxyFeature>() is { } proxy
            && routes.TryGet(proxy.Route.Config, out var mirror)
            && mirror.AnswersFirst(context))
            return mirror.AnswerAsync(context);
        return forwarder.SendAsync(
            context, destinationPrefix, httpClient, requestConfig, transformer, cancellationToken);
    }
}
