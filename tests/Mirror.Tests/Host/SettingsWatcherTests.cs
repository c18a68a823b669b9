using System.Text.Json.Nodes;
using Gateway.Configuration;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>Every way a file is replaced, on the real file system and the real clock.</summary>
public sealed class SettingsWatcherTests
{
    [Fact]
    public async Task A_file_written_in_place_is_taken_into_force()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());

        gateway.Write(Sized(11));

        await InForceAsync(gateway, 11);
    }

    [Fact]
    public async Task A_file_renamed_over_the_old_one_is_taken_into_force()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        for (int size = 11; size <= 12; size++)
        {
            await File.WriteAllTextAsync(gateway.FilePath + ".new", Sized(size), TestContext.Current.CancellationToken);
            File.Move(gateway.FilePath + ".new", gateway.FilePath, overwrite: true);

            await InForceAsync(gateway, size);
        }
    }

    [Fact]
    public async Task A_swapped_symbolic_link_is_noticed_as_in_a_mounted_ConfigMap()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        string folder = Path.GetDirectoryName(gateway.FilePath)!;
        foreach (int size in (int[])[11, 12])
        {
            string version = Directory.CreateDirectory(Path.Combine(folder, $"..v{size}")).FullName;
            await File.WriteAllTextAsync(
                Path.Combine(version, "gateway.json"), Sized(size), TestContext.Current.CancellationToken);
            Directory.CreateSymbolicLink(Path.Combine(folder, "..data_tmp"), version);
            Directory.Move(Path.Combine(folder, "..data_tmp"), Path.Combine(folder, $"..data{size}"));
            File.Delete(gateway.FilePath);
            File.CreateSymbolicLink(gateway.FilePath, Path.Combine($"..data{size}", "gateway.json"));

            await InForceAsync(gateway, size);
        }
    }

    [Fact]
    public async Task A_file_that_vanishes_and_comes_back_ends_well()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        string text = await File.ReadAllTextAsync(gateway.FilePath, TestContext.Current.CancellationToken);

        File.Delete(gateway.FilePath);
        await gateway.UntilAsync(() => !gateway.Get<ReloadOutcome>().Successful, "the loss is told");
        gateway.Write(text);

        await gateway.UntilAsync(() => gateway.Get<ReloadOutcome>().Successful, "the file is well again");
    }

    [Fact]
    public async Task A_file_still_being_written_is_not_looked_at_until_it_holds_still()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        ReloadOutcome outcome = gateway.Get<ReloadOutcome>();
        string text = Sized(11);
        // Each piece comes well within the time a content has to hold still.
        using (FileStream file = new(gateway.FilePath, FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
            foreach (byte[] piece in System.Text.Encoding.UTF8.GetBytes(text).Chunk(text.Length / 15))
            {
                file.Write(piece);
                file.Flush();
                await Task.Delay(SettingsWatcher.Interval / 5, TestContext.Current.CancellationToken);
            }

        await InForceAsync(gateway, 11);
        Assert.True(outcome.Successful);
    }

    private static string Sized(int bufferSizeMb)
    {
        JsonObject file = HostConfiguration.Valid().With("Mirror:Journal:BufferSizeMB", bufferSizeMb);
        return file.ToJsonString();
    }

    private static Task InForceAsync(TestGateway gateway, int bufferSizeMb) => gateway.UntilAsync(
        () => gateway.Current.Mirror.Journal.BufferSizeMB == bufferSizeMb, $"{bufferSizeMb} MiB is in force");
}
