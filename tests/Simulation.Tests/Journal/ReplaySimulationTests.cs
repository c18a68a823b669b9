using System.Globalization;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>
/// What the log leaves out because everybody has it, against thousands of crashes. <c>REPLAY_SEED</c> replays one that
/// failed.
/// </summary>
public sealed class ReplaySimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 20_000;

    [Fact]
    public void Nothing_older_comes_behind_an_acknowledged_record()
    {
        if (int.TryParse(
            Environment.GetEnvironmentVariable("REPLAY_SEED"), CultureInfo.InvariantCulture, out int one))
        {
            new ReplaySimulation(one).Run();
            return;
        }

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
                Assert.Fail($"REPLAY_SEED={seed}: {e}");
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
