using System.Text;
using Gateway.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Listeners;

/// <summary>
/// Sets up Kestrel: endpoints and certificates by its own configuration, limits and receive buffers by us.
/// </summary>
internal static class GatewayListeners
{
    public static void AddListeners(this WebApplicationBuilder builder, GatewaySettings settings)
    {
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            // influxd puts error texts into a header as they are, in UTF-8; bytes pass through both ways unchanged.
            kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
            settings.Limits.ApplyTo(kestrel.Limits);
            // Reloading is for certificates, whose files Kestrel watches; a changed section is refused before it
            // could get here.
            kestrel.Configure(builder.Configuration.GetSection("Kestrel"), reloadOnChange: true)
                .Endpoint(EndpointRules.Management, endpoint => endpoint.ListenOptions.Use(Mark));
        });
        builder.UseClientTransport();
    }

    /// <summary>Puts our transport below Kestrel; after Kestrel has registered its own, which would win otherwise.
    /// </summary>
    public static void UseClientTransport(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ReceivePool>();
        builder.Services.AddSingleton<IConnectionListenerFactory, ClientTransport>();
        builder.Services.Configure<KestrelServerOptions>(static kestrel =>
            kestrel.ConfigureEndpointDefaults(static endpoint => endpoint.Use(ClientConnection.Watch)));
    }

    /// <summary>Whether a request came in by the management listener.</summary>
    public static bool IsManagement(this HttpContext context) =>
        context.Features.Get<ManagementConnection>() is not null;

    private static ConnectionDelegate Mark(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(ManagementConnection.Instance);
        return next(connection);
    };
}
