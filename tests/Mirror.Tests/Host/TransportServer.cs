using System.Net;
using Gateway.Listeners;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>Kestrel on our transport with a handler of the test's; keeps what is logged from warnings up.</summary>
internal sealed class TransportServer : IAsyncDisposable, ILoggerProvider, ILogger
{
    private readonly List<string> _errors = [];
    private WebApplication? _app;
    private int _ended;

    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    public int Ended => Volatile.Read(ref _ended);

    public ReceivePool Pool => _app!.Services.GetRequiredService<ReceivePool>();

    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_errors)
                return [.. _errors];
        }
    }

    public static async Task<TransportServer> StartAsync(RequestDelegate handle)
    {
        TransportServer server = new();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddProvider(server);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.WebHost.UseKestrel();
        builder.UseClientTransport();
        builder.Services.Configure<KestrelServerOptions>(static kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, static endpoint => endpoint.Protocols = HttpProtocols.Http1));
        WebApplication app = server._app = builder.Build();
        app.Run(async context =>
        {
            await handle(context);
            Interlocked.Increment(ref server._ended);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        server.EndPoint = IPEndPoint.Parse(app.Urls.Single()["http://".Length..]);
        return server;
    }

    /// <summary>Ends every connection; the pool can still be looked at.</summary>
    public Task StopAsync() => _app!.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app!.DisposeAsync();
    }

    public void Dispose()
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        lock (_errors)
            _errors.Add($"{formatter(state, exception)} {exception}");
    }
}
