using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Vrrp.Daemon.Linux;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary><c>./run vrrp</c>: what a newcomer sees first.</summary>
public sealed partial class DemonstrationTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Every_step_ends_with_one_owner_and_nothing_is_left_behind()
    {
        LabRoom.Require();
        await VrrpdBinary.PathAsync();
        using IDisposable room = await LabRoom.EnterAsync(isAlone: false);
        // An earlier one is killed in the middle, and cannot clean up behind itself.
        int killed;
        using (Demonstration earlier = await Demonstration.StartAsync())
        {
            await earlier.UntilAsync("address: node1");
            killed = earlier.Signal(LabNode.Kill);
            await earlier.EndedAsync();
        }

        Assert.NotEmpty(await PlacesAsync(killed));
        using Demonstration whole = await Demonstration.StartAsync();
        Assert.True(await whole.EndedAsync() == 0, whole.Output);
        Assert.Contains("Every step ended with one owner.", whole.Output, StringComparison.Ordinal);
        // The client's own view, as it happened, and then the summary of eight steps.
        Assert.Matches(@"client: no answer\n +\d+\.\d\d  client: node2 answers, after \d\.\d\d s", whole.Output);
        Assert.Equal(8, SummaryLine().Count(whole.Output));
        Assert.Empty(await PlacesAsync(whole.ProcessId));
        Assert.Empty(await PlacesAsync(killed));
    }

    [Fact]
    public async Task Ended_by_hand_it_leaves_nothing_behind()
    {
        LabRoom.Require();
        await VrrpdBinary.PathAsync();
        using IDisposable room = await LabRoom.EnterAsync(isAlone: false);
        using Demonstration ended = await Demonstration.StartAsync();
        await ended.UntilAsync("both machines start");
        ended.Signal(LabNode.Terminate);
        Assert.NotEqual(0, await ended.EndedAsync());
        Assert.Empty(await PlacesAsync(ended.ProcessId));
    }

    private static async Task<string[]> PlacesAsync(int process) =>
        [.. (await Shell.RunAsync("ip", "netns", "list")).Split('\n')
            .Where(line => line.StartsWith($"vrrpd-demo-{process}-", StringComparison.Ordinal))];

    [GeneratedRegex(@" node[12] +\d+\.\d\d s$", RegexOptions.Multiline)]
    private static partial Regex SummaryLine();

    private sealed class Demonstration : IDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _output = new();
        private readonly Task _reading;

        private Demonstration(Process process)
        {
            _process = process;
            _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        }

        public int ProcessId => _process.Id;

        public string Output
        {
            get
            {
                lock (_output)
                    return _output.ToString();
            }
        }

        public static async Task<Demonstration> StartAsync() => new(Shell.Start(
            "env", $"VRRPD_BINARY={await VrrpdBinary.PathAsync()}", RepositoryRoot.File("run"), "vrrp"));

        public int Signal(int signal)
        {
            Assert.Equal(0, Libc.Kill(_process.Id, signal));
            return _process.Id;
        }

        public async Task UntilAsync(string text)
        {
            DateTime end = DateTime.UtcNow + Limit;
            while (!Output.Contains(text, StringComparison.Ordinal))
            {
                Assert.True(DateTime.UtcNow < end, Output);
                await Task.Delay(20);
            }
        }

        public async Task<int> EndedAsync()
        {
            using CancellationTokenSource limit = new(Limit);
            await _process.WaitForExitAsync(limit.Token);
            await _reading.WaitAsync(limit.Token);
            return _process.ExitCode;
        }

        public void Dispose() => _process.Dispose();

        private async Task ReadAsync(StreamReader output)
        {
            while (await output.ReadLineAsync() is { } line)
            {
                lock (_output)
                    _output.Append(line).Append('\n');
            }
        }
    }
}
