using Gateway;
using Gateway.Configuration;
using Xunit;

namespace InfluxMirror.Tests.Host;

public sealed class CheckCommandTests
{
    private static readonly Dictionary<string, string?> NoVariables = [];

    [Theory]
    [InlineData("appsettings.json")]
    [InlineData("config/seed-pair.json")]
    public async Task The_files_we_ship_are_valid(string file)
    {
        SettingsSource source = new(Path.Combine(HostConfiguration.Repository, file), NoVariables);

        Assert.Empty(source.Read(source.Fetch()).Faults);
        Assert.Equal(ExitCode.Ok, await CheckCommand.RunAsync(source));
    }

    [Fact]
    public async Task The_example_in_the_README_is_valid()
    {
        string readme = await File.ReadAllTextAsync(
            Path.Combine(HostConfiguration.Repository, "README.md"), TestContext.Current.CancellationToken);
        string example = readme.Split("```json")[1].Split("```")[0];
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, example, TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Ok, await CheckCommand.RunAsync(new SettingsSource(file, NoVariables)));
        File.Delete(file);
    }

    [Theory]
    [InlineData("check", "no-such-file.json")]
    [InlineData("--config", "no-such-file.json")]
    [InlineData("check")]
    [InlineData("journal", "dump", "--limit", "-1")]
    [InlineData("journal", "dump", "--from", "-5")]
    [InlineData("journal", "dump", "--from", "0")]
    [InlineData("bogus")]
    [InlineData("--bogus")]
    public async Task Wrong_use_and_invalid_files_end_with_2(params string[] arguments) =>
        Assert.Equal(2, await GatewayCommand.InvokeAsync(arguments));

    [Fact]
    public void A_folder_in_the_place_of_a_file_is_said_to_be_one() =>
        Assert.Equal(
            "this is a folder, not a file", new SettingsSource(Path.GetTempPath(), NoVariables).Fetch().Trouble);

    [Fact]
    public async Task Check_ends_with_2_when_only_YARP_finds_the_fault()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file, HostConfiguration.Valid(catchAll: "{broken").ToJsonString(), TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Refused, await GatewayCommand.InvokeAsync(["check", file]));
        File.Delete(file);
    }

    [Fact]
    public async Task An_address_in_use_ends_the_program_with_1()
    {
        await using StubServer holder = await StubServer.StartAsync();
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, HostConfiguration.Valid()
            .With("Kestrel:Endpoints:Clients:Url", holder.Address).ToJsonString(), TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Failed, await GatewayCommand.InvokeAsync(["--config", file]));
        File.Delete(file);
    }
}
