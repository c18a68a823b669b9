using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

/// <summary>Holds the tables of config/vrrpd.md against the options and what the reader makes of them.</summary>
public sealed partial class DocumentedKeysTests
{
    // A file that has every place in it, so that any key can be set alone.
    private const string Base = """
        {
          "Instances": {
            "a": {
              "Interface": "eth0", "VirtualRouterId": 7, "UnicastPeers": ["192.0.2.9"],
              "VirtualAddresses": [{ "Address": "192.0.2.1/24" }], "ExcludedAddresses": [{ "Address": "192.0.2.2/24" }],
              "TrackInterfaces": [{ "Interface": "eth1" }], "TrackChecks": [{ "Check": "Http" }],
              "PeerCheck": { "Url": "http://192.0.2.9/" }, "Notify": { "Any": ["/bin/n"] }
            },
            "b": { "Interface": "eth0", "VirtualRouterId": 8, "VirtualAddresses": ["192.0.2.3"] }
          },
          "Checks": {
            "Http": { "Kind": "Http" }, "Tcp": { "Kind": "Tcp", "Port": 80 }, "Exec": { "Kind": "Exec", "Command": ["/a"] }
          },
          "SyncGroups": { "g": { "Instances": ["a", "b"], "Notify": { "Any": ["/bin/n"] } } },
          "Management": {}, "Log": {}
        }
        """;

    private static readonly Dictionary<string, Row> Documented = File.ReadAllLines(RepositoryRoot.File("config", "vrrpd.md"))
        .Select(line => KeyRow().Match(line)).Where(match => match.Success)
        .ToDictionary(match => match.Groups["key"].Value, match => new Row(
            match.Groups["type"].Value, match.Groups["default"].Value, match.Groups["range"].Value,
            match.Groups["meaning"].Value));

    private static readonly Dictionary<string, Type> Known = Walk(OptionsJson.Default.DaemonOptions, "")
        .ToDictionary(key => key.Path, key => key.Type);

    public static TheoryData<string> Defaults =>
        [.. Documented.Where(row => row.Value.Default[0] == '`').Select(row => row.Key)];

    public static TheoryData<string> Ranges =>
        [.. Documented.Where(row => row.Value.Range.Contains(" … ", StringComparison.Ordinal)).Select(row => row.Key)];

    [Fact]
    public void Every_key_is_documented_and_every_documented_key_exists() => Assert.Equal(
        Known.Keys.Order(StringComparer.Ordinal), Documented.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Documented_types_and_names_are_those_of_the_options()
    {
        foreach ((string path, Type type) in Known)
        {
            Assert.Equal($"{path}: {TypeName(type)}", $"{path}: {Documented[path].Type}");
            if (type.IsEnum)
                Assert.Equal(
                    $"{path}: {string.Join(", ", Enum.GetNames(type).Order())}",
                    $"{path}: {string.Join(", ", Documented[path].Range.Trim('`').Split(", ").Order())}");
        }
    }

    [Fact]
    public void Every_number_has_a_range_and_every_key_a_meaning()
    {
        foreach ((string path, Type type) in Known)
            Assert.False(type == typeof(int) && !Documented[path].Range.Contains(" … "), path);
        Assert.DoesNotContain(Documented, row => row.Value.Meaning.Length < 8);
    }

    [Theory]
    [MemberData(nameof(Defaults))]
    public void A_documented_default_changes_nothing_when_it_is_written_down(string path)
    {
        string written = Documented[path].Default.Trim('`');

        ConfigurationResult result = Read(path, Value(path, written));

        Assert.Empty(result.Faults);
        Assert.Equal(Shown(ConfigurationReader.Read(Encoding.UTF8.GetBytes(Base)).Config!), Shown(result.Config!));
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void A_documented_range_is_accepted_to_its_ends_and_not_beyond(string path)
    {
        string[] ends = Documented[path].Range.Trim('`').Split(" … ");
        bool isTime = Known[path] == typeof(TimeSpan);

        foreach ((string end, int step) in ends.Zip([-1, 1]))
        {
            string beyond = isTime
                ? TimeText.Format(TimeSpan.ParseExact(end, "c", CultureInfo.InvariantCulture) + TimeSpan.FromMilliseconds(step))
                : $"{int.Parse(end, CultureInfo.InvariantCulture) + step}";
            Assert.DoesNotContain(Read(path, Value(path, end)).Faults, fault => path.EndsWith(Last(fault.Path)));
            Assert.Contains(Read(path, Value(path, beyond)).Faults, fault => path.EndsWith(Last(fault.Path)));
        }
    }

    [Fact]
    public void Required_keys_are_those_without_which_there_is_a_fault()
    {
        foreach ((string path, Row row) in Documented.Where(row => row.Value.Default == "*required*"))
        {
            JsonNode file = JsonNode.Parse(Base)!;
            (JsonObject place, string key) = PlaceOf(file, path);
            Assert.True(place.Remove(key), path);
            Assert.False(ConfigurationReader.Read(Encoding.UTF8.GetBytes(file.ToJsonString())).Faults.Count == 0, path);
        }
    }

    private static string Last(string path) => path[(path.LastIndexOf(':') + 1)..];

    private static ConfigurationResult Read(string path, JsonNode value)
    {
        JsonNode file = JsonNode.Parse(Base)!;
        (JsonObject place, string key) = PlaceOf(file, path);
        place[key] = value;
        return ConfigurationReader.Read(Encoding.UTF8.GetBytes(file.ToJsonString()));
    }

    private static (JsonObject Place, string Key) PlaceOf(JsonNode file, string path)
    {
        string[] parts = path.Split(':');
        JsonNode place = file;
        for (int i = 0; i < parts.Length - 1; i++)
        {
            string part = parts[i] == "<name>" ? NameIn(parts) : parts[i];
            place = part == "<n>" ? place.AsArray()[0]! : place[part]!;
        }

        return (place.AsObject(), parts[^1]);
    }

    private static string NameIn(string[] parts) => (parts[0], parts[^1]) switch
    {
        ("Instances", _) => "a",
        ("SyncGroups", _) => "g",
        (_, "Host" or "Port") => "Tcp",
        (_, "Command" or "User" or "Group") => "Exec",
        _ => "Http",
    };

    private static JsonNode Value(string path, string text) => Known[path] switch
    {
        Type type when type == typeof(int) => int.Parse(text, CultureInfo.InvariantCulture),
        Type type when type == typeof(bool) => bool.Parse(text),
        _ => text,
    };

    // By run-time types, so that every property of every kind is compared.
    private static string Shown(DaemonConfig config) => JsonSerializer.Serialize(new object[]
    {
        config.Instances.Select(instance => (object)instance), config.Checks.Select(check => (object)check),
        config.SyncGroups, config.ManagementListen.ToString(), config.LogLevel, config.LogFormat, config.EventLog ?? "",
    });

    private static IEnumerable<(string Path, Type Type)> Walk(JsonTypeInfo type, string prefix)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            string path = prefix + property.Name;
            JsonTypeInfo value = OptionsShape.InfoOf(property.PropertyType);
            JsonTypeInfo? element = value.ElementType is null ? null : OptionsShape.InfoOf(value.ElementType);
            if (value.Kind == JsonTypeInfoKind.Dictionary)
            {
                foreach ((string, Type) key in Walk(element!, path + ":<name>:"))
                    yield return key;
                continue;
            }

            bool isShort = OptionsShape.Shorthands.ContainsKey(value.Type);
            if (value.Kind != JsonTypeInfoKind.Object || isShort)
                yield return (path, Nullable.GetUnderlyingType(value.Type) ?? value.Type);
            JsonTypeInfo? inner = value.Kind == JsonTypeInfoKind.Object ? value : element;
            if (inner?.Kind == JsonTypeInfoKind.Object)
                foreach ((string, Type) key in Walk(inner, path + (element is null ? ":" : ":<n>:")))
                    yield return key;
        }
    }

    private static string TypeName(Type type) => type switch
    {
        _ when type.IsEnum => "name",
        _ when type == typeof(bool) => "boolean",
        _ when type == typeof(int) => "integer",
        _ when type == typeof(TimeSpan) => "time",
        _ when type == typeof(string) => "text",
        _ when type.IsGenericType => "list",
        _ => "object",
    };

    [GeneratedRegex(@"^\| `(?<key>[A-Z][\w:<>]*)` \| (?<type>\w+) \|[^|]*\| (?<default>[^|]*) \| (?<range>[^|]*?) ?\| (?<meaning>.*) \|$")]
    private static partial Regex KeyRow();

    private sealed record Row(string Type, string Default, string Range, string Meaning);
}
