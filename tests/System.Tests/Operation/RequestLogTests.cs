namespace Gateway.SystemTests.Operation;

public sealed class RequestLogTests
{
    private const string Secret = "s3cretive";

    [Fact]
    public async Task F21_No_level_of_any_category_brings_a_query_string_into_the_log()
    {
        // The console's own levels go before those of all providers.
        GatewayConfiguration configuration = new GatewayConfiguration().With(
            """
            {
              "Logging": {
                "LogLevel": {
                  "Default": "Trace", "Microsoft": "Trace", "Microsoft.AspNetCore": "Trace", "Yarp": "Trace",
                  "Microsoft.AspNetCore.Hosting.Diagnostics": "Information",
                  "Yarp.ReverseProxy.Forwarder.HttpForwarder": "Information"
                },
                "Console": { "LogLevel": { "Default": "Trace", "Microsoft.AspNetCore.Hosting.Diagnostics*": "Trace" } }
              }
            }
            """);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });

        const string who = $"u=ann&p={Secret}";
        await lab.WriteAsync("db1", "m v=1 1", who);
        (await lab.Client.GetQueryAsync("SELECT v FROM m", "db1", who)).MustBe(200);
        (await lab.Client.GetQueryAsync($"CREATE USER ann WITH PASSWORD '{Secret}'")).MustBe(200);
        await lab.Client.MustQueryAsync($"SET PASSWORD FOR ann = '{Secret}'");
        (await lab.Client.SendAsync(HttpMethod.Get, $"/debug/vars?{who}")).MustBe(200);
        (await lab.Client.SendAsync(HttpMethod.Get, $"/ping?{who}")).MustBe(204);
        (await lab.Client.SendAsync(HttpMethod.Get, $"/write?{who}")).MustBe(405);
        foreach (string line in (string[])[$"GET /query?p={Secret} HTTP/9.9", $"GET query?p={Secret} HTTP/1.1"])
        {
            using RawConnection connection = await RawConnection.OpenAsync(lab.Client.Address);
            await connection.SendAsync($"{line}\r\nHost: x\r\n\r\n");
            Assert.InRange((await connection.ReadAsync()).Status, 400, 505);
        }

        await LoggedAsync(lab, "/ping");
        string[] leaks = [.. lab.Gateway.Log.Split('\n').Where(line => line.Contains(Secret))];
        Assert.True(leaks.Length == 0, string.Join('\n', leaks));
    }

    [Fact]
    public async Task Requests_are_logged_with_method_path_status_and_duration_when_asked_for()
    {
        GatewayConfiguration configuration = new GatewayConfiguration().With(
            """{ "Logging": { "LogLevel": { "Microsoft.AspNetCore.HttpLogging": "Information" } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });

        await lab.WriteAsync("db1", "m v=1 1", $"u=ann&p={Secret}");

        string line = await LoggedAsync(lab, "/write");
        Assert.Contains("Method: POST", line);
        Assert.Contains("StatusCode: 204", line);
        Assert.Contains("Duration: ", line);
        Assert.DoesNotContain("db1", line);
        Assert.DoesNotContain(Secret, lab.Gateway.Log);
    }

    private static async Task<string> LoggedAsync(Lab lab, string path)
    {
        string? line = null;
        await Eventually.TrueAsync(
            $"a request for {path} is logged",
            () => (line = lab.Gateway.Log.Split('\n').FirstOrDefault(one => one.Contains($" Path: {path} "))) is not null);
        return line!;
    }
}
