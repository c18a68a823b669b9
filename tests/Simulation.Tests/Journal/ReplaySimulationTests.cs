using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>What the log leaves out because everybody has it, against thousands of crashes.</summary>
public sealed class ReplaySimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 20_000;

    [Fact]
    public void Nothing_older_comes_behind_an_acknowledged_record()
    {
        long acknowledged = 0, settled = 0, sentAgain = 0;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            var simulation = new ReplaySimulation(seed);
            try
            {
                simulation.Run();
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }

            acknowledged += simulation.Acknowledged;
            settled += simulation.Settled;
            sentAgain += simulation.SentAgain;
        }

        output.WriteLine($"{Seeds} seeds: {acknowledged} acknowledged, {settled} of them because both have them, {sentAgain} sent again");
        // The schedules reach what they are for.
        Assert.True(settled > Seeds && sentAgain > Seeds && acknowledged > settled + Seeds);
    }
}
