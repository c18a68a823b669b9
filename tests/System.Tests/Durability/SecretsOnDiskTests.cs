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
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small.Journal(64) });
        lab.B.Kill();
        await lab.Client.MustQueryAsync($"CREATE USER ann WITH PASSWORD '{firstSecret}'");
        await lab.Client.MustQueryAsync($"SET PASSWORD FOR ann = '{secondSecret}'");
        // One that fails on a, and is a dead letter on b.
        await lab.Client.QueryAsync($"SET PASSWORD FOR nobody = '{secondSecret}'");
        Answer byGet = await lab.Client.GetQueryAsync($"CREATE USER bob WITH PASSWORD '{firstSecret}'");
        Assert.DoesNotContain(firstSecret, byGet.MustBe(200).Body);
        JournalFiles files = new(lab.Gateway.JournalFolder);
        await Eventually.TrueAsync("the statement is on disk", () => files.Contain("SET+PASSWORD")
            || files.Contain("SET PASSWORD") || files.Contain("SET%20PASSWORD"));
        AssertModes(files, lab.Gateway.JournalFolder);
        await AssertSecretlessAsync(lab, firstSecret, secondSecret);

        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        await AssertSecretlessAsync(lab, firstSecret, secondSecret);
        AssertModes(files, lab.Gateway.JournalFolder);
        string users = (await lab.B.QueryAsync("SHOW USERS")).Body;
        Assert.Contains("ann", users);
        Assert.Contains("bob", users);
    }

    private static void AssertModes(JournalFiles files, string folder)
    {
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Assert.All(files.All, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
    }

    private static async Task AssertSecretlessAsync(Lab lab, params string[] secrets)
    {
        string[] texts =
        [
            lab.Gateway.WholeLog,
            (await lab.Gateway.MetricsAsync()).Text,
            (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/status")).MustBe(200).Body,
        ];
        foreach (string secret in secrets)
            Assert.All(texts, text => Assert.DoesNotContain(secret, text));
    }
}
