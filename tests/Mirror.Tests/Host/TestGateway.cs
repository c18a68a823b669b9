using System.Text.Json.Nodes;
using Gateway;
using Gateway.Clients;
using Gateway.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>The whole program on free ports, configured by a file in a folder of its own.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly MirrorView Well = new(() => new(true, true, [], null), () => []);
    private readonly DirectoryInfo _folder;
    private readonly WebApplication _app;

    private TestGateway(DirectoryInfo folder, WebApplication app)
    {
        _folder = folder;
        _app = app;
        // Endpoints are listed in the order of their names.
        string[] urls = [.. app.Urls];
        if (urls.Length > 0)
        {
            Clients.BaseAddress = new Uri(urls[0]);
            Management.BaseAddress = new Uri(urls[1]);
        }
    }

    public string FilePath => Path.Combine(_folder.FullName, "gateway.json");

    public HttpClient Clients { get; } = new();

    public HttpClient Management { get; } = new();

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public GatewaySettings Current => Get<SettingsStore>().Current;

    /// <summary>Builds everything and loads YARP, but neither listens nor watches.</summary>
    public static Task<TestGateway> LoadAsync(JsonObject configuration) =>
        CreateAsync(configuration, null, null, start: false);

    /// <param name="configuration">The file's content.</param>
    /// <param name="mirror">What the mirror tells of itself; by default that all is well.</param>
    /// <param name="prepare">Puts more files into the configuration's folder.</param>
    public static Task<TestGateway> StartAsync(
        JsonObject configuration, MirrorView? mirror = null, Action<string>? prepare = null) =>
        CreateAsync(configuration, mirror, prepare, start: true);

    /// <summary>Writes the file in place.</summary>
    public void Write(string text) => File.WriteAllText(FilePath, text);

    /// <summary>Reads the file at once, as SIGHUP does.</summary>
    public Task<IReadOnlyList<ConfigFault>> ReloadAsync() =>
        Get<SettingsReloader>().ReloadAsync(Get<SettingsSource>().Fetch());

    /// <summary>Waits until something is so; fails after a while.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using CancellationTokenSource late = new(Patience);
        while (!await condition())
        {
            Assert.False(late.IsCancellationRequested, $"waited in vain until {what}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    public Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public async ValueTask DisposeAsync()
    {
        Clients.Dispose();
        Management.Dispose();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task<TestGateway> CreateAsync(
        JsonObject configuration, MirrorView? mirror, Action<string>? prepare, bool start)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("gateway-test-");
        prepare?.Invoke(folder.FullName);
        string path = Path.Combine(folder.FullName, "gateway.json");
        await File.WriteAllBytesAsync(path, configuration.Bytes());
        SettingsSource source = new(path, HostConfiguration.NoOverrides);
        SettingsReading reading = source.Read(source.Fetch());
        Assert.Empty(reading.Faults);
        WebApplication app = GatewayHost.Build(reading.Settings!, source, proxy =>
            proxy.Services.Replace(ServiceDescriptor.Singleton(mirror ?? Well)));
        Assert.Empty(await GatewayHost.ValidateAsync(app));
        app.UseGateway();
        if (start)
            await app.StartAsync();
        return new(folder, app);
    }
}
