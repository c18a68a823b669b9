using System.Net.Http.Headers;

namespace Gateway.SystemTests.Access;

/// <summary>Credentials are the client's and the servers' matter; the gateway carries them.</summary>
public sealed class AuthenticationTests
{
    private static LabOptions WithUsers(bool proxied = false) => new()
    {
        Proxied = proxied,
        Configuration = GatewayConfiguration.Patient,
        A = new InfluxSettings { Name = "a", Authentication = true },
        B = new InfluxSettings { Name = "b", Authentication = true },
    };

    [Fact]
    public async Task Users_in_the_url_and_in_basic_headers_pass_through()
    {
        await using Lab lab = await Lab.StartAsync(WithUsers());
        await UserAsync(lab);
        using InfluxClient anyone = new(lab.Client.Address);
        (await anyone.WriteAsync("db1", "m v=1 1", "u=writer&p=pass")).MustBe(204);
        using InfluxClient basic = new(lab.Client.Address) { Authorization = InfluxClient.Basic("writer", "pass") };
        (await basic.WriteAsync("db1", "m v=2 2")).MustBe(204);
        (await basic.WriteGzipAsync("db1", "m v=3 3")).MustBe(204);
        (await anyone.GetQueryAsync("SELECT * FROM m", "db1", "u=writer&p=pass")).MustBe(200);
        (await basic.GetQueryAsync("SELECT * FROM m", "db1")).MustBe(200);
        (await basic.QueryAsync("DROP SERIES FROM nothing", "db1")).MustBe(200);
        await lab.AssertConvergedAsync();
        Assert.Equal(3, (await lab.B.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("wrong password")]
    [InlineData("wrong password in the URL")]
    [InlineData("token")]
    [InlineData("other database")]
    public async Task A_refusal_of_the_servers_is_the_clients_answer_verbatim(string who)
    {
        await using Lab lab = await Lab.StartAsync(WithUsers());
        await UserAsync(lab);
        await lab.Client.MustQueryAsync("CREATE DATABASE db2");
        await lab.Gateway.SettledAsync();
        string db = who == "other database" ? "db2" : "db1";
        string more = who == "wrong password in the URL" ? "u=writer&p=wrong" : "";
        AuthenticationHeaderValue? authorization = who switch
        {
            "wrong password" => InfluxClient.Basic("writer", "wrong"),
            "token" => new AuthenticationHeaderValue("Token", "writer:pass"),
            "other database" => InfluxClient.Basic("writer", "pass"),
            _ => null,
        };
        using InfluxClient direct = new(lab.A.Address) { Authorization = authorization };
        using InfluxClient client = new(lab.Client.Address) { Authorization = authorization };
        Answer expected = await direct.WriteAsync(db, "m v=1 1", more);
        Answer answer = await client.WriteAsync(db, "m v=1 1", more);
        Assert.InRange(expected.Status, 401, 403);
        Assert.Equal((expected.Status, expected.Body), (answer.Status, answer.Body));
        Assert.Equal(expected.Header("WWW-Authenticate"), answer.Header("WWW-Authenticate"));

        expected = await direct.QueryAsync("DROP DATABASE db1", db, more);
        answer = await client.QueryAsync("DROP DATABASE db1", db, more);
        Assert.Equal((expected.Status, expected.Body), (answer.Status, answer.Body));
        await lab.AssertConvergedAsync();
        Assert.Equal(0, (await lab.B.PointsAsync(db)).Count);
    }

    [Fact]
    public async Task Records_buffered_for_a_destination_keep_their_credentials()
    {
        await using Lab lab = await Lab.StartAsync(WithUsers(proxied: true));
        await UserAsync(lab);
        lab.ProxyB.Refuse();
        using InfluxClient anyone = new(lab.Client.Address);
        using InfluxClient basic = new(lab.Client.Address) { Authorization = InfluxClient.Basic("writer", "pass") };
        for (int number = 0; number < 20; number++)
        {
            (await anyone.WriteAsync("db1", $"url v={number} {number}", "u=writer&p=pass")).MustBe(204);
            (await basic.WriteAsync("db1", $"header v={number} {number}")).MustBe(204);
        }

        lab.ProxyB.Accept();
        await lab.AssertConvergedAsync();
        Assert.Equal(40, (await lab.B.PointsAsync("db1")).Count);
        // Nobody's points travel under another one's name.
        Assert.All(lab.ProxyB.Writes.Where(write => write.Text.Contains("header")), write =>
        {
            Assert.Equal(basic.Authorization.ToString(), write.Headers["Authorization"]);
            Assert.DoesNotContain("url", write.Text);
            Assert.Null(write.Parameter("u"));
        });
        Assert.All(lab.ProxyB.Writes.Where(write => write.Text.Contains("url")), write =>
            Assert.Equal(("writer", "pass"), (write.Parameter("u"), write.Parameter("p"))));
    }

    [Fact]
    public async Task No_secret_is_in_the_log_or_in_the_metrics()
    {
        await using Lab lab = await Lab.StartAsync(WithUsers());
        await lab.Client.MustQueryAsync("CREATE USER second WITH PASSWORD 'very-secret-1'");
        lab.B.Kill();
        await lab.Client.MustQueryAsync("SET PASSWORD FOR second = 'very-secret-2'");
        using InfluxClient anyone = new(lab.Client.Address);
        await anyone.WriteAsync("db1", "m v=1 1", "u=second&p=very-secret-3");
        await anyone.GetQueryAsync("SELECT * FROM m", "db1", "u=second&p=very-secret-3");
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        string status = (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/status")).Body;
        foreach (string text in new[] { lab.Gateway.Log, (await lab.Gateway.MetricsAsync()).Text, status })
            Assert.DoesNotContain("very-secret", text);
    }

    private static async Task UserAsync(Lab lab)
    {
        await lab.Client.MustQueryAsync("CREATE USER writer WITH PASSWORD 'pass'");
        await lab.Client.MustQueryAsync("GRANT ALL ON db1 TO writer");
        await lab.Gateway.SettledAsync();
    }
}
