using System.Runtime.Versioning;

namespace Gateway.SystemTests.Durability;

[UnsupportedOSPlatform("windows")]
public sealed class SecretsOnDiskTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task F21_Passwords_that_wait_are_in_files_of_the_owner_only_and_nowhere_else()
    {
        const string firstSecret = "first-s3cret";
        const string secondSecret = "second-s3cret";
        const string callersSecret = "callers-s3cret";
        string[] secrets = [firstSecret, secondSecret, callersSecret];
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Proxied = true, Configuration = Small.Journal(64) });
        lab.ProxyB.Refuse();
        await lab.Client.MustQueryAsync($"CREATE USER ann WITH PASSWORD '{firstSecret}'");
        await lab.Client.MustQueryAsync($"SET PASSWORD FOR ann = '{secondSecret}'");
        await lab.Client.MustQueryAsync($"CREATE USER carol WITH PASSWORD '{secondSecret}'");
        await lab.Client.QueryAsync($"SET PASSWORD FOR nobody = '{secondSecret}'");
        Answer byGet = await lab.Client.GetQueryAsync($"CREATE USER bob WITH PASSWORD '{firstSecret}'");
        Assert.DoesNotContain(firstSecret, byGet.MustBe(200).Body);
        // Who asks has a password too, in the address or in a header.
        await lab.WriteAsync("db1", "m v=1 1", $"u=ann&p={callersSecret}");
        using (InfluxClient caller = new(lab.Client.Address))
        {
            caller.Authorization = InfluxClient.Basic("ann", callersSecret);
            (await caller.WriteAsync("db1", "m v=2 2")).MustBe(204);
        }

        JournalFiles files = new(lab.Gateway.JournalFolder);
        await Eventually.TrueAsync("the statement is on disk", () => files.Contain("SET+PASSWORD")
            || files.Contain("SET PASSWORD") || files.Contain("SET%20PASSWORD"));
        AssertModes(lab);
        string dump = await AssertSecretlessAsync(lab, secrets);
        Assert.Contains("CREATE USER ann", dump);
        Assert.Contains("SET PASSWORD FOR ann", dump);
        Assert.Contains("db=db1 points=1", dump);

        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        // b refuses one of them: that one becomes a letter, which is shown to operators.
        FaultRule refusal = lab.ProxyB.On(
            request => request.IsQuery && request.Text.Contains("carol"), Fault.Error(400, "no more users"));
        lab.ProxyB.Accept();
        await lab.Gateway.SettledAsync();
        Assert.Equal(1, refusal.Hits);
        Assert.NotEmpty(await lab.Gateway.LettersAsync());
        AssertModes(lab);
        await AssertSecretlessAsync(lab, secrets);
        Assert.Contains("CREATE USER carol", await LettersAsync(lab, "show", "--all"));
        Assert.Contains(files.All, path => path.Contains("/letters/") && path.EndsWith(".seg"));
        await lab.Gateway.AssertAccountingAsync();
        string users = (await lab.B.QueryAsync("SHOW USERS")).Body;
        Assert.Contains("ann", users);
        Assert.Contains("bob", users);
    }

    /// <summary>From the folder of all journals down.</summary>
    private static void AssertModes(Lab lab)
    {
        foreach (string path in new JournalFiles(Path.GetDirectoryName(lab.Gateway.JournalFolder)!).All)
        {
            UnixFileMode expected = Directory.Exists(path) ? OwnerOnly | UnixFileMode.UserExecute : OwnerOnly;
            Assert.True(File.GetUnixFileMode(path) == expected, $"{path} is {File.GetUnixFileMode(path)}");
        }
    }

    /// <summary>Nothing that the gateway shows has a secret in it; returns the dump of the journal.</summary>
    private static async Task<string> AssertSecretlessAsync(Lab lab, string[] secrets)
    {
        string folder = lab.Gateway.JournalFolder;
        using ScratchFolder scratch = new("export");
        string export = scratch.File("letters");
        string dump = await lab.Gateway.CommandAsync(0, "journal", "dump", folder);
        List<string> texts =
        [
            lab.Gateway.WholeLog,
            (await lab.Gateway.MetricsAsync()).Text,
            (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/status")).MustBe(200).Body,
            (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/letters")).MustBe(200).Body,
            dump,
            await lab.Gateway.CommandAsync(0, "journal", folder),
            await LettersAsync(lab, "list"),
            await LettersAsync(lab, "show", "--all"),
            await LettersAsync(lab, "export", "--all", "--output", export),
            await File.ReadAllTextAsync(export, TestContext.Current.CancellationToken),
        ];
        foreach (System.Text.Json.JsonElement letter in await lab.Gateway.LettersAsync())
        {
            string path = $"/letters/influxdb/{letter.GetProperty("id").GetRawText()}";
            texts.Add((await lab.Gateway.Management.SendAsync(HttpMethod.Get, path)).MustBe(200).Body);
        }

        foreach (string secret in secrets)
        {
            string base64 = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"ann:{secret}"));
            Assert.All(texts, text => Assert.DoesNotContain(secret, text));
            Assert.All(texts, text => Assert.DoesNotContain(base64, text));
        }

        return dump;
    }

    private static Task<string> LettersAsync(Lab lab, params string[] arguments) =>
        lab.Gateway.CommandAsync(
            0, ["letters", .. arguments, "--url", lab.Gateway.Management.Address.ToString()]);
}
