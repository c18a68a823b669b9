using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary><c>gateway letters</c> and the calls behind it, on the whole program.</summary>
public sealed class LettersCommandTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("letters-command-");
    private WebApplication? _good;
    private WebApplication? _bad;
    private TestGateway? _gateway;
    private volatile string? _refusal = "field type conflict";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private TestGateway Gateway => _gateway!;

    public async ValueTask InitializeAsync()
    {
        _good = await ServeAsync(static () => null);
        _bad = await ServeAsync(() => _refusal);
        JsonObject configuration = HostConfiguration.Valid(_good.Urls.First(), _bad.Urls.First())
            .With("Mirror:Writes:AnyWait", "00:00:05");
        configuration["ReverseProxy"]!["Routes"]!["write"] = JsonNode.Parse(
            """
            { "ClusterId": "influx", "Match": { "Path": "/write" }, "Transforms": [{ "Mirror": "LineProtocol" }] }
            """);
        _gateway = await TestGateway.StartAsync(configuration);
    }

    [Fact]
    public async Task Letters_are_listed_shown_exported_retried_and_dropped_one_by_one()
    {
        await WriteAsync("m v=1 1\n");
        await WriteAsync("m v=2 2");
        await WriteAsync("m v=3 3\n");
        string[] ids = await IdsAsync(3);

        (int code, string text) = await RunAsync("list", "--destination", "b", "--database", "x");
        Assert.Equal(0, code);
        Assert.Contains($"influx/{ids[0]} ", text, StringComparison.Ordinal);
        Assert.Contains(" b Write db=x points=1 client=127.0.0.1: field type conflict", text, StringComparison.Ordinal);
        Assert.EndsWith("3 letter(s), 3 point(s)\n", text, StringComparison.Ordinal);
        Assert.StartsWith("0 letter(s)", (await RunAsync("list", "--database", "y")).Text, StringComparison.Ordinal);
        Assert.Contains("  m v=1 1\\n\n", (await RunAsync("show", ids[0])).Text, StringComparison.Ordinal);

        string file = Path.Combine(_folder.FullName, "export.txt");
        Assert.Equal(0, (await RunAsync("export", "--all", "--output", file)).Code);
        Assert.Equal("m v=1 1\nm v=2 2\nm v=3 3\n", await File.ReadAllTextAsync(file, Stop));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(file).UnixFileMode);

        string metrics = await Gateway.Management.GetStringAsync("/metrics", Stop);
        Assert.Contains("points_delivered_total{cluster=\"influx\",destination=\"b\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("points_rejected_total{cluster=\"influx\",destination=\"b\"} 3\n", metrics, StringComparison.Ordinal);

        Assert.Equal((1, $"influx/{ids[0]}: refused again: field type conflict\n"), await RunAsync("retry", ids[0]));
        _refusal = null;
        Assert.Equal((0, $"influx/{ids[0]}: delivered\n"), await RunAsync("retry", $"influx/{ids[0]}"));
        Assert.Equal((0, $"influx/{ids[1]}: dropped\n"), await RunAsync("drop", ids[1]));
        Assert.Equal((0, $"influx/{ids[2]}: delivered\n"), await RunAsync("retry", "--all"));
        Assert.Equal((0, "0 letter(s), 0 point(s)\n"), await RunAsync("list"));
        foreach (string command in (string[])["show", "export"])
            Assert.Equal((0, "gateway: there are no such letters\n"), await ErrorsAsync(command, "--all"));

        // A counter does not fall; the account has the points where they are.
        metrics = await Gateway.Management.GetStringAsync("/metrics", Stop);
        Assert.Contains("points_delivered_total{cluster=\"influx\",destination=\"b\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("points_rejected_total{cluster=\"influx\",destination=\"b\"} 3\n", metrics, StringComparison.Ordinal);
        foreach ((string state, int points) in ((string, int)[])[
            ("accepted", 3), ("delivered", 2), ("pending", 0), ("rejected", 1), ("dropped", 0)])
        {
            Assert.Contains(
                $"account_points{{cluster=\"influx\",destination=\"b\",state=\"{state}\"}} {points}\n", metrics,
                StringComparison.Ordinal);
        }

        Assert.Contains("influxmirror_dead_letters{cluster=\"influx\"} 0\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Letters_are_for_this_machine_or_the_token_also_to_look_at()
    {
        await WriteAsync("m v=1 1\n");
        string id = (await IdsAsync(1))[0];

        foreach ((HttpMethod method, string path) in ((HttpMethod, string)[])[
            (HttpMethod.Get, "/letters"), (HttpMethod.Get, $"/letters/influx/{id}"),
            (HttpMethod.Post, $"/letters/influx/{id}/retry"), (HttpMethod.Delete, $"/letters/influx/{id}")])
        {
            using HttpRequestMessage lured = new(method, path);
            lured.Headers.Add("Origin", "http://elsewhere.example");
            using HttpResponseMessage refused = await Gateway.Management.SendAsync(lured, Stop);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.Equal("m v=1 1\n", await Gateway.Management.GetStringAsync($"/letters/influx/{id}", Stop));
        using HttpResponseMessage missing = await Gateway.Management.GetAsync("/letters/influx/99999", Stop);
        using HttpResponseMessage elsewhere = await Gateway.Management.DeleteAsync($"/letters/other/{id}", Stop);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (missing.StatusCode, elsewhere.StatusCode));
    }

    [Fact]
    public async Task Wrong_use_ends_with_2_and_what_cannot_be_done_with_1()
    {
        Assert.Equal(ExitCode.Refused, (await RunAsync("drop")).Code);
        Assert.Equal(ExitCode.Refused, (await RunAsync("drop", "--all", "7")).Code);
        Assert.Equal(ExitCode.Refused, (await RunAsync("list", "--token-file", "no-such-file")).Code);
        Assert.Equal(ExitCode.Failed, (await RunAsync("drop", "99999")).Code);
        (int code, string errors) = await ErrorsAsync("list", "--url", "http://127.0.0.1:1");
        Assert.Equal(ExitCode.Failed, code);
        Assert.StartsWith("gateway: http://127.0.0.1:1: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_not_the_management_listeners_is_said_to_be_none()
    {
        await using StubServer first = await StubServer.StartAsync(NotFoundAsync);
        await using StubServer second = await StubServer.StartAsync(NotFoundAsync);
        // Clients' ports: one passes unknown paths to the server, one answers them itself.
        await using TestGateway wide = await TestGateway.StartAsync(
            HostConfiguration.Valid(first.Address, second.Address));
        await using TestGateway narrow = await TestGateway.StartAsync(HostConfiguration.Valid(catchAll: "/query"));
        foreach (Uri? url in (Uri?[])[new(first.Address), wide.Clients.BaseAddress, narrow.Clients.BaseAddress])
        {
            (int code, string errors) = await ErrorsAsync("list", "--url", $"{url}");
            Assert.Equal(ExitCode.Failed, code);
            Assert.Contains("this is not the management listener of a gateway", errors, StringComparison.Ordinal);
        }

        static Task NotFoundAsync(HttpContext context)
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("404 page not found", context.RequestAborted);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        if (_good is not null)
            await _good.DisposeAsync();
        if (_bad is not null)
            await _bad.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A server that stores everything, or refuses everything with an error.</summary>
    private static async Task<WebApplication> ServeAsync(Func<string?> refusal)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.Run(context =>
        {
            string? error = refusal();
            context.Response.StatusCode = error is null ? 204 : 400;
            return error is null
                ? Task.CompletedTask
                : context.Response.WriteAsync($$"""{"error":"{{error}}"}""", context.RequestAborted);
        });
        await app.StartAsync();
        return app;
    }

    private async Task WriteAsync(string lines)
    {
        using StringContent body = new(lines, Encoding.UTF8, new MediaTypeHeaderValue("text/plain"));
        using HttpResponseMessage answer = await Gateway.Clients.PostAsync("/write?db=x&u=joe&p=s3cret", body, Stop);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private async Task<string[]> IdsAsync(int count)
    {
        string[] ids = [];
        await TestGateway.UntilAsync(
            async () =>
            {
                string text = await Gateway.Management.GetStringAsync("/letters", Stop);
                Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
                ids = [.. JsonNode.Parse(text)!.AsArray().Select(static letter => $"{letter!["id"]}")];
                return ids.Length == count;
            },
            "the letters are there");
        return ids;
    }

    private async Task<(int Code, string Text)> RunAsync(params string[] arguments)
    {
        (int code, string text, _) = await InvokeAsync(arguments);
        return (code, text);
    }

    private async Task<(int Code, string Errors)> ErrorsAsync(params string[] arguments)
    {
        (int code, _, string errors) = await InvokeAsync(arguments);
        return (code, errors);
    }

    private async Task<(int Code, string Text, string Errors)> InvokeAsync(string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        string[] listener = arguments.Contains("--url") ? [] : ["--url", Gateway.Management.BaseAddress!.ToString()];
        int code = await LettersCommand.Build().Parse([.. arguments, .. listener])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = errors }, Stop);
        return (code, output.ToString(), errors.ToString());
    }
}
