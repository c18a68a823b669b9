using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Tests.Host;

/// <summary>A destination that counts requests, and answers each with its path unless told otherwise.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private StubServer(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public int Requests => Volatile.Read(ref _requests);

    public static async Task<StubServer> StartAsync(RequestDelegate? answer = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        StubServer server = new(app);
        app.Run(context =>
        {
            Interlocked.Increment(ref server._requests);
            return answer?.Invoke(context)
                ?? context.Response.WriteAsync(context.Request.Path, context.RequestAborted);
        });
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
