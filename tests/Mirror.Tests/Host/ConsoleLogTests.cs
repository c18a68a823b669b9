using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Xunit;

namespace InfluxMirror.Tests.Host;

public sealed class ConsoleLogTests
{
    private const string Requests = "Microsoft.AspNetCore.Hosting.Diagnostics";

    /// <summary>Enabled at any level, it has the framework make a trace id for each request.</summary>
    [Theory]
    [InlineData("Logging:LogLevel:Default", false)]
    [InlineData("Logging:LogLevel:Microsoft.AspNetCore", false)]
    [InlineData($"Logging:LogLevel:{Requests}", true)]
    public async Task Requests_are_traced_only_where_the_file_says_just_that(string key, bool traced)
    {
        JsonObject file = HostConfiguration.Valid().With(key, "Information");
        await using TestGateway gateway = await TestGateway.LoadAsync(file);

        ILogger log = gateway.Get<ILoggerFactory>().CreateLogger(Requests);

        Assert.Equal(traced, log.IsEnabled(LogLevel.Critical));
        // It prints whole URLs, and with them passwords.
        Assert.False(log.IsEnabled(LogLevel.Information));
    }
}
