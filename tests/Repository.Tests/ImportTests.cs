using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.RepositoryTests;

/// <summary>Who may import whom, read from the sources.</summary>
public sealed partial class ImportTests
{
    // Direct arrows inside the library; they are transitive. Every folder but the pure ones may use Telemetry.
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["LineProtocol"] = [],
        ["InfluxQL"] = [],
        ["Telemetry"] = [],
        ["Journal"] = ["Telemetry"],
        ["Delivery"] = ["Journal", "LineProtocol", "InfluxQL", "Telemetry"],
        ["Writes"] = ["Delivery", "Telemetry"],
        ["Reads"] = ["Delivery", "LineProtocol", "InfluxQL", "Telemetry"],
        ["Inputs"] = ["Writes", "LineProtocol", "InfluxQL", "Telemetry"],
    };

    private static readonly string[] PureFolders = ["LineProtocol", "InfluxQL"];

    [Fact]
    public void Folders_of_the_library_import_only_along_the_arrows()
    {
        List<string> wrong = [];
        foreach (string file in RepositoryFiles.Under("gateway/Mirror"))
        {
            string[] parts = file.Split('/');
            if (parts.Length < 4)
                continue;
            Assert.True(Arrows.ContainsKey(parts[2]), $"{file}: the folder {parts[2]} has no place in the picture");
            HashSet<string> allowed = Reach(parts[2]);
            foreach (Match import in MirrorNamespace().Matches(RepositoryFiles.Read(file)))
                if (Arrows.ContainsKey(import.Groups[1].Value) && !allowed.Contains(import.Groups[1].Value))
                    wrong.Add($"{file} imports {import.Groups[1].Value}");
        }

        Nothing.In(wrong);
    }

    [Fact]
    public void The_library_never_sees_the_program() =>
        Assert.DoesNotContain(RepositoryFiles.Under("gateway/Mirror"), file => GatewayNamespace().IsMatch(RepositoryFiles.Read(file)));

    [Fact]
    public void No_folder_imports_the_extensions_file() =>
        Assert.DoesNotContain(RepositoryFiles.Under("gateway/Mirror").Where(file => file.Count(c => c == '/') > 2),
            file => RepositoryFiles.Read(file).Contains("MirrorBuilderExtensions", StringComparison.Ordinal));

    [Fact]
    public void Pure_folders_know_no_files_sockets_tasks_or_clocks()
    {
        List<string> wrong = [];
        foreach (string folder in PureFolders)
            foreach (string file in RepositoryFiles.Under($"gateway/Mirror/{folder}"))
                wrong.AddRange(Impure().Matches(RepositoryFiles.Read(file)).Select(match => $"{file}: {match.Value}"));

        Nothing.In(wrong);
    }

    [Fact]
    public void Nothing_reads_the_static_clock()
    {
        IEnumerable<string> wrong = RepositoryFiles.Under("gateway")
            .Where(file => StaticClock().IsMatch(RepositoryFiles.Read(file)));

        Nothing.In(wrong);
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        List<string> wrong = [];
        foreach (string file in RepositoryFiles.Under("gateway"))
        {
            string folder = Path.GetDirectoryName(file)!.Replace('\\', '/');
            string expected = folder.Replace("gateway/Mirror", "InfluxMirror", StringComparison.Ordinal)
                .Replace("gateway/Host", "Gateway", StringComparison.Ordinal).Replace('/', '.');
            if (Namespace().Match(RepositoryFiles.Read(file)) is { Success: true } found && found.Groups[1].Value != expected)
                wrong.Add($"{file}: {found.Groups[1].Value}");
        }

        Nothing.In(wrong);
    }

    [Fact]
    public void The_pattern_finds_an_import_however_it_is_written()
    {
        Assert.Equal("Writes", MirrorNamespace().Match("using InfluxMirror.Writes;").Groups[1].Value);
        Assert.Equal("Writes", MirrorNamespace().Match("var x = new InfluxMirror.Writes.Receipt();").Groups[1].Value);
        Assert.Contains("Journal", Reach("Inputs"));
        Assert.DoesNotContain("Inputs", Reach("Journal"));
    }

    private static HashSet<string> Reach(string folder)
    {
        HashSet<string> reached = [folder];
        Queue<string> open = new([folder]);
        while (open.TryDequeue(out string? at))
            foreach (string next in Arrows[at].Where(reached.Add))
                open.Enqueue(next);
        return reached;
    }

    [GeneratedRegex(@"\bInfluxMirror\.(\w+)\b")]
    private static partial Regex MirrorNamespace();

    [GeneratedRegex(@"^\s*using (static )?Gateway\b|\bGateway\.\w+\.", RegexOptions.Multiline)]
    private static partial Regex GatewayNamespace();

    [GeneratedRegex(@"^\s*using (Microsoft|Yarp|System\.(Net|IO|Threading|Diagnostics))\b[\w.]*;|\b(File|Socket|Task|TimeProvider|Thread|Console)\.\w+", RegexOptions.Multiline)]
    private static partial Regex Impure();

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b")]
    private static partial Regex StaticClock();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
