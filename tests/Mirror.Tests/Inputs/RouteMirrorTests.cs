using InfluxMirror.Inputs;
using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

public sealed class RouteMirrorTests
{
    [Fact]
    public void A_bare_transform_has_the_defaults_of_its_kind()
    {
        Assert.Equal(
            new RouteMirror(MirrorKind.LineProtocol, ConsistencyLevel.Any, TimeSpan.FromSeconds(10)),
            Parse(("Mirror", "LineProtocol")));
        Assert.Equal(
            new RouteMirror(MirrorKind.InfluxQL, ConsistencyLevel.Any, TimeSpan.FromMinutes(5)),
            Parse(("Mirror", "influxql")));
        Assert.Equal(
            new RouteMirror(MirrorKind.Raw, ConsistencyLevel.Any, TimeSpan.FromSeconds(10)),
            Parse(("Mirror", "Raw")));
    }

    [Fact]
    public void What_it_says_counts() => Assert.Equal(
        new RouteMirror(MirrorKind.LineProtocol, ConsistencyLevel.Quorum, TimeSpan.FromSeconds(3)),
        Parse(("Mirror", "LineProtocol"), ("Consistency", "quorum"), ("AckTimeout", "00:00:03")));

    [Theory]
    [InlineData("Mirror", "Lines", "LineProtocol, InfluxQL, Raw")]
    [InlineData("Mirror", "1", "LineProtocol, InfluxQL, Raw")]
    [InlineData("Mirror", "", "LineProtocol, InfluxQL, Raw")]
    [InlineData("Consistency", "two", "any, one, quorum, all")]
    [InlineData("AckTimeout", "soon", "00:00:10")]
    [InlineData("AckTimeout", "00:00:00", "00:00:10")]
    [InlineData("AckTimeout", "-00:00:01", "00:00:10")]
    [InlineData("AckTimeout", "2.00:00:00", "00:00:10")]
    public void A_fault_names_the_key_the_value_and_what_is_possible(string key, string value, string possible)
    {
        Dictionary<string, string> values = new() { ["Mirror"] = "LineProtocol" };
        values[key] = value;

        string fault = Assert.Single(Faults(values));

        Assert.StartsWith($"{key}: '{value}'", fault, StringComparison.Ordinal);
        Assert.Contains(possible, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_it_does_not_have_is_a_fault() => Assert.StartsWith(
        "Ack: not a key",
        Assert.Single(Faults(new() { ["Mirror"] = "Raw", ["Ack"] = "1" })), StringComparison.Ordinal);

    [Fact]
    public void Consistency_has_no_meaning_for_statements() => Assert.StartsWith(
        "Consistency:",
        Assert.Single(Faults(new() { ["Mirror"] = "InfluxQL", ["Consistency"] = "all" })), StringComparison.Ordinal);

    [Fact]
    public void Every_fault_is_told() => Assert.Equal(
        4, Faults(new() { ["Mirror"] = "x", ["Consistency"] = "y", ["AckTimeout"] = "z", ["A"] = "" }).Count);

    private static RouteMirror Parse(params (string Key, string Value)[] values)
    {
        List<string> faults = [];
        RouteMirror route =
            RouteMirror.Parse(values.ToDictionary(static one => one.Key, static one => one.Value), faults);
        Assert.Empty(faults);
        return route;
    }

    private static List<string> Faults(Dictionary<string, string> values)
    {
        List<string> faults = [];
        RouteMirror.Parse(values, faults);
        return faults;
    }
}
