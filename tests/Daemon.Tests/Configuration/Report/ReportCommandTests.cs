using Vrrp.Daemon.Configuration.Report;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration.Report;

public sealed class ReportCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vrrpd-report-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();
    private RunPermissions _permissions = new(true, true, "root");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_valid_file_is_explained()
    {
        Assert.Equal(0, Run(Write("a", "")));
        Assert.Contains("VI_1: version 2, IPv4, virtual router 100 on eth0, priority 100", _output.ToString());
        Assert.Contains("ok: ", _output.ToString());
        Assert.Empty(_errors.ToString());
    }

    [Fact]
    public void Warnings_do_not_change_the_exit_code()
    {
        Assert.Equal(0, Run(Write("a", "\"Password\": \"much-too-long\"")));
        Assert.Contains("warning: Instances:VI_1:Password: is longer", _output.ToString());
        Assert.DoesNotContain("much-too", _output.ToString());
    }

    [Fact]
    public void Every_fault_is_told_with_its_file()
    {
        string own = Write("own", "\"Priority\": 0, \"Oops\": 1");
        string peer = Write("peer", "\"Priority\": 300");

        Assert.Equal(2, Run(own, peer));
        Assert.Contains($"{own}: Instances:VI_1:Priority: ", _errors.ToString());
        Assert.Contains($"{own}: Instances:VI_1:Oops: ", _errors.ToString());
        Assert.Contains($"{peer}: Instances:VI_1:Priority: ", _errors.ToString());
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void What_is_not_permitted_is_a_fault()
    {
        string path = Write("a", "\"Version\": 3, \"AdvertInterval\": \"00:00:00.1\"");
        Assert.Equal(0, Run(path));

        _permissions = new(false, false, "vrrpd");
        Assert.Equal(2, Run(path));
        Assert.Contains("realtime priority", _errors.ToString());
    }

    [Fact]
    public void The_peers_file_replaces_the_assumption()
    {
        Assert.Equal(0, Run(Write("own", ""), Write("peer", "\"Priority\": 7")));
        Assert.Contains("its peer       has priority 7", _output.ToString());
    }

    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("a", "b", "c")]
    public void A_wrong_call_is_told_how_to_call(params string[] args)
    {
        Assert.Equal(2, Run(args));
        Assert.StartsWith("usage: vrrpd check", _errors.ToString());
    }

    [Fact]
    public void The_permissions_of_this_process_can_be_read() =>
        Assert.Equal(2, ReportCommand.Run([Path.Combine(_folder, "missing")], _output, _errors));

    [Fact]
    public void A_program_is_read_only_if_it_is_a_text()
    {
        string text = Path.Combine(_folder, "text");
        File.WriteAllText(text, "curl");
        string binary = Path.Combine(_folder, "binary");
        File.WriteAllBytes(binary, [1, 0, 2]);

        Assert.Equal("curl", ReportCommand.ReadProgram(text));
        Assert.Equal("", ReportCommand.ReadProgram(binary));
        Assert.Null(ReportCommand.ReadProgram(Path.Combine(_folder, "missing")));
    }

    private int Run(params string[] args) => ReportCommand.Run(args, _permissions, _output, _errors);

    private string Write(string name, string keys)
    {
        string path = Path.Combine(_folder, name + ".json");
        File.WriteAllText(path, $$"""{ "Instances": { "VI_1": { {{Written.Least}}, {{keys}} } } }""");
        return path;
    }
}
