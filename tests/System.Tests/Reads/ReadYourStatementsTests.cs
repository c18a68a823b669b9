namespace Gateway.SystemTests.Reads;

/// <summary>What was answered is what the next query sees, whichever destination serves it.</summary>
public sealed class ReadYourStatementsTests
{
    [Fact]
    public async Task A_database_is_shown_at_once_after_it_was_made()
    {
        await using Lab lab = await StartWithSlowStatementsAsync();
        for (int round = 0; round < 200; round++)
        {
            await lab.Client.MustQueryAsync($"CREATE DATABASE fresh{round}");
            Answer shown = await lab.Client.GetQueryAsync("SHOW DATABASES");
            Assert.True(shown.Body.Contains($"\"fresh{round}\""), $"round {round}, {shown.Destination}: {shown}");
        }

        await lab.AssertConvergedAsync(TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task A_measurement_is_gone_at_once_after_it_was_dropped()
    {
        await using Lab lab = await StartWithSlowStatementsAsync();
        for (int round = 0; round < 50; round++)
        {
            await lab.WriteAsync("db1", $"m v={round} {round}");
            Answer before = await lab.Client.GetQueryAsync("SELECT v FROM m", "db1", "epoch=ns");
            Assert.True(before.Body.Contains($"[[{round},{round}]]"), $"round {round}, {before.Destination}: {before}");
            await lab.Client.MustQueryAsync("DROP MEASUREMENT m", "db1");
            Answer after = await lab.Client.GetQueryAsync("SELECT v FROM m", "db1");
            Assert.True(!after.Body.Contains("series"), $"round {round}, {after.Destination}: {after}");
        }

        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("SELECT v FROM db1.autogen.m WHERE time = ")]
    [InlineData("SELECT v FROM \"db1\"..\"m\" WHERE time = ")]
    [InlineData("SELECT v FROM (SELECT v FROM db1.autogen.m) WHERE time = ")]
    [InlineData("SELECT v FROM db1.autogen./^m$/ WHERE time = ")]
    public async Task A_query_that_names_the_database_only_in_its_text_sees_the_write_before_it(string q)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        lab.ProxyB.OnWrites(Fault.Wait(TimeSpan.FromMilliseconds(40)));
        for (int round = 1; round <= 100; round++)
        {
            await lab.WriteAsync("db1", $"m v={round} {round}");
            Answer answer = await lab.Client.GetQueryAsync(q + round, more: "epoch=ns");
            Assert.True(answer.Body.Contains($"[[{round},{round}]]"), $"round {round}, {answer.Destination}: {answer}");
        }

        await lab.AssertConvergedAsync();
    }

    /// <summary>Statements take longer on b than on a, so that a's answer is the first one.</summary>
    private static async Task<Lab> StartWithSlowStatementsAsync()
    {
        Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        lab.ProxyB.On(IsStatement, Fault.Wait(TimeSpan.FromMilliseconds(20)));
        return lab;
    }

    private static bool IsStatement(RecordedRequest request)
    {
        string text = request.Parameter("q") + request.Text;
        return request.IsQuery && (text.Contains("CREATE") || text.Contains("DROP"));
    }
}
