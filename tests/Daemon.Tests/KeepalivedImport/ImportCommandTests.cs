using System.Text;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

public sealed class ImportCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vrrpd-import-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_configuration_goes_out_and_what_became_of_it_beside_it()
    {
        string path = Write("k.conf", $"vrrp_instance V {{\n{Imported.Least}frobnicate\n}}\n");

        Assert.Equal(0, ImportCommand.Run([path], _output, _errors));
        Assert.Empty(ConfigurationReader.Read(Encoding.UTF8.GetBytes(_output.ToString())).Faults);
        Assert.Contains($"{path}:1: kept: vrrp_instance V", _errors.ToString());
        Assert.Contains($"{path}:7: not kept: frobnicate", _errors.ToString());
    }

    [Fact]
    public void Files_are_included_by_pattern_in_order()
    {
        Write("conf.d/b.conf", "vrrp_instance B {\n" + Imported.Least + "}\n");
        Write("conf.d/a.conf", "vrrp_instance A {\n" + Imported.Least + "}\n");
        Write("conf.d/.hidden.conf", "vrrp_instance C {\n" + Imported.Least + "}\n");

        ImportCommand.Run([Write("k.conf", "include conf.d/*.conf")], _output, _errors);

        Assert.Equal(["A", "B"], Result().EnumerateObject().Select(instance => instance.Name));
    }

    [Fact]
    public void What_cannot_run_yet_is_told_and_written_all_the_same()
    {
        Assert.Equal(2, ImportCommand.Run([Write("k.conf", "vrrp_instance V {\npriority 7\n}")], _output, _errors));
        Assert.Contains("to be completed: Instances:V:Interface: is missing", _errors.ToString());
        Assert.Equal(7, Result().GetProperty("V").GetProperty("Priority").GetInt32());
    }

    [Fact]
    public void Comments_in_another_encoding_do_no_harm()
    {
        byte[] text = [.. "vrrp_instance V { # "u8, 0xcf, 0xb5, 0xcd, 0xb3, .. Encoding.ASCII.GetBytes($"\n{Imported.Least}}}")];
        string path = Path.Combine(_folder, "gbk.conf");
        File.WriteAllBytes(path, text);

        Assert.Equal(0, ImportCommand.Run([path], _output, _errors));
    }

    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("a", "b")]
    public void A_wrong_call_is_told_how_to_call(params string[] args)
    {
        Assert.Equal(2, ImportCommand.Run(args, _output, _errors));
        Assert.StartsWith("usage: vrrpd import", _errors.ToString());
    }

    [Theory]
    [InlineData("missing.conf")]
    [InlineData("")]
    public void A_file_that_cannot_be_read_is_told(string name)
    {
        Assert.Equal(2, ImportCommand.Run([Path.Combine(_folder, name)], _output, _errors));
        Assert.Contains("cannot be read", _errors.ToString());
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void A_file_without_end_is_not_read_to_the_end() =>
        Assert.Equal(2, ImportCommand.Run(["/dev/zero"], _output, _errors));

    private System.Text.Json.JsonElement Result() =>
        System.Text.Json.JsonDocument.Parse(_output.ToString()).RootElement.GetProperty("Instances");

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
