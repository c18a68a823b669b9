using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Tests.Inputs;

/// <summary>A small server in the place of influxd: takes writes, answers queries with its name.</summary>
internal sealed class FakeInflux : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeInflux(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>Bodies of the writes it got.</summary>
    public ConcurrentQueue<string> Writes { get; } = new();

    /// <summary>Queries it got, with the method: from the URL, else the body.</summary>
    public ConcurrentQueue<string> Queries { get; } = new();

    /// <summary>Writes are answered once this is completed.</summary>
    public Task MayAnswerWrites { get; set; } = Task.CompletedTask;

    public static async Task<FakeInflux> StartAsync(string name)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        FakeInflux influx = new(app);
        app.Run(async context =>
        {
            context.Response.Headers["X-Influxdb-Version"] = "1.6.7";
            using StreamReader reader = new(context.Request.Body, Encoding.UTF8);
            string body = await reader.ReadToEndAsync();
            if (context.Request.Path == "/write")
            {
                influx.Writes.Enqueue(body);
                await influx.MayAnswerWrites;
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            string query = context.Request.Query["q"].ToString();
            influx.Queries.Enqueue($"{context.Request.Method} {(query.Length > 0 ? query : body)}");
            await context.Response.WriteAsync($$"""{"results":[{"by":"{{name}}"}]}""");
        });
        await app.StartAsync();
        return influx;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
