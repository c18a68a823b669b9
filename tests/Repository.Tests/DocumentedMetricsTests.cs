using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.RepositoryTests;

/// <summary>Holds the table of config/metrics.md against the instruments in the sources.</summary>
public sealed partial class DocumentedMetricsTests
{
    private static readonly List<string> Instruments =
        [.. RepositoryFiles.Under("gateway").SelectMany(path => Creation().Matches(RepositoryFiles.Read(path)))
            .Select(match => match.Groups[1].Value.Replace('.', '_'))];

    private static readonly List<string> Documented =
        [.. RepositoryFiles.Lines("config/metrics.md").Select(line => Row().Match(line))
            .Where(match => match.Success).Select(match => match.Groups[1].Value)];

    [Fact]
    public void Every_instrument_is_documented() =>
        Nothing.In(Instruments.Where(name => !Documented.Exists(row => IsFor(row, name))));

    [Fact]
    public void Every_documented_metric_has_an_instrument() =>
        Nothing.In(Documented.Where(row => !Instruments.Exists(name => IsFor(row, name))));

    [Fact]
    public void The_sources_have_instruments() => Assert.Contains("config_last_reload_successful", Instruments);

    // The exporter puts the meter's name in front.
    private static bool IsFor(string row, string instrument) =>
        row == instrument || row.EndsWith("_" + instrument, StringComparison.Ordinal);

    [GeneratedRegex(@"\b(?:Create(?:Observable)?)?(?:Counter|UpDownCounter|Gauge|Histogram)(?:<\w+>)?\(\s*""([^""]+)""")]
    private static partial Regex Creation();

    [GeneratedRegex(@"^\| `([a-z0-9_]+)` \|")]
    private static partial Regex Row();
}
