using Prometheus;

namespace Gateway.Management;

/// <summary>
/// The exporter's page, one at a time: what is read goes into one registry, and of two pages at a time one could have
/// half of the other's reading, and an account of two moments.
/// </summary>
internal sealed class MetricsEndpoint(CollectorRegistry registry) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        IApplicationBuilder page = endpoints.CreateApplicationBuilder();
        page.Use(InTurnAsync);
        page.UseMetricServer(settings => settings.Registry = registry, url: null);
        endpoints.Map("/metrics", page.Build());
    }

    public void Dispose() => _turn.Dispose();

    private async Task InTurnAsync(HttpContext context, RequestDelegate next)
    {
        Stream client = context.Response.Body;
        // A client that reads slowly keeps nobody waiting.
        using MemoryStream page = new();
        await _turn.WaitAsync(context.RequestAborted);
        try
        {
            context.Response.Body = page;
            await next(context);
        }
        finally
        {
            context.Response.Body = client;
            _turn.Release();
        }
        await client.WriteAsync(page.GetBuffer().AsMemory(0, (int)page.Length), context.RequestAborted);
    }
}
