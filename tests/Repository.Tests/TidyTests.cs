using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.RepositoryTests;

/// <summary>Style that a machine can hold.</summary>
public sealed partial class TidyTests
{
    private const int MaxLines = 400;
    private const int MaxColumns = 120;

    private static readonly string[] BannedFolders =
        ["Utils", "Util", "Utilities", "Helpers", "Common", "Internal", "Models", "Services", "Interfaces"];

    // Seams for the disk and the network; everything else is a class.
    private static readonly string[] OwnInterfaces = ["IDisk", "INetwork"];

    [Fact]
    public void No_folder_is_a_drawer() =>
        Assert.DoesNotContain(RepositoryFiles.All, path =>
            path.Split('/')[..^1].Any(folder => BannedFolders.Contains(folder, StringComparer.OrdinalIgnoreCase)));

    [Fact]
    public void No_source_file_is_longer_than_400_lines() =>
        Nothing.In(RepositoryFiles.OfKind(".cs")
            .Select(path => (path, lines: RepositoryFiles.Lines(path).Length)).Where(file => file.lines > MaxLines));

    [Fact]
    public void No_line_of_the_program_is_longer_than_120_columns() =>
        Nothing.In(RepositoryFiles.Under("gateway").SelectMany(path => RepositoryFiles.Lines(path)
            .Select((line, index) => (path, number: index + 1, line.Length)).Where(line => line.Length > MaxColumns)));

    [Fact]
    public void There_are_no_interfaces_of_our_own_but_the_seams() =>
        Nothing.In(RepositoryFiles.Under("gateway").SelectMany(path => Interface().Matches(RepositoryFiles.Read(path))
            .Select(match => match.Groups[1].Value)).Except(OwnInterfaces));

    [Fact]
    public void No_tracked_file_names_a_path_of_one_machine() =>
        Nothing.In(Texts().SelectMany(path => RepositoryFiles.Lines(path)
            .Select((line, index) => (place: $"{path}:{index + 1}", line)).Where(line => MachinePath().IsMatch(line.line))
            .Select(line => line.place)));

    [Fact]
    public void Nothing_is_left_to_be_done_later() =>
        Nothing.In(RepositoryFiles.OfKind(".cs").Where(path => Unfinished().IsMatch(RepositoryFiles.Read(path))));

    [Fact]
    public void Exceptions_are_not_swallowed() =>
        Nothing.In(RepositoryFiles.Under("gateway").Where(path => Swallowed().IsMatch(RepositoryFiles.Read(path))));

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Scripts_can_be_executed()
    {
        foreach (string script in (string[])["run", "test", ".ci/run", "vrrpd/Demo/failover"])
            Assert.True(
                File.GetUnixFileMode(Path.Combine(RepositoryFiles.Root, script)).HasFlag(UnixFileMode.UserExecute), script);
    }

    [Fact]
    public void Commands_and_files_that_the_documents_name_exist()
    {
        List<string> missing = [];
        foreach (string document in RepositoryFiles.OfKind(".md"))
            foreach (Match named in NamedFile().Matches(RepositoryFiles.Read(document)))
            {
                string path = (named.Groups[1].Success ? named.Groups[1] : named.Groups[2]).Value.TrimEnd('.', '/');
                if (!Path.Exists(Path.Combine(RepositoryFiles.Root, path)))
                    missing.Add($"{document}: {path}");
            }

        Nothing.In(missing);
    }

    private static IEnumerable<string> Texts() => RepositoryFiles.All.Where(path =>
    {
        using FileStream file = File.OpenRead(Path.Combine(RepositoryFiles.Root, path));
        Span<byte> start = stackalloc byte[512];
        return !start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)].Contains((byte)0);
    });

    [GeneratedRegex(@"^\s*(?:public |internal )?(?:partial )?interface (I\w+)", RegexOptions.Multiline)]
    private static partial Regex Interface();

    // Home folders and workplaces; the pattern itself has none.
    [GeneratedRegex(@"(?<![\w.$}])/(work|farm|root|home)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|NotImplemented" + @"Exception)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"catch\s*(\([^)]*\))?\s*\{\s*\}")]
    private static partial Regex Swallowed();

    // ./run and the like, and what stands behind --project.
    [GeneratedRegex(@"(?<![\w./])\./([\w][\w./-]*)|--project ([\w./-]+)")]
    private static partial Regex NamedFile();
}
