using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Gateway.Configuration;
using Xunit;

namespace Gateway.RepositoryTests;

/// <summary>Holds the tables of config/gateway.md against the options: every key, default and range.</summary>
public sealed partial class DocumentedKeysTests
{
    private const string None = "*none*";

    // Sections whose schema is ours; of Kestrel's, the limits and the URL of an endpoint.
    private static readonly string[] OwnSections = ["Mirror:", "RateLimiting:", "Management:", "Kestrel:Limits:"];
    private static readonly string[] OthersKeys = ["Kestrel:Endpoints:<name>:Url"];

    private static readonly Dictionary<string, Row> Documented = RepositoryFiles.Lines("config/gateway.md")
        .Select(line => KeyRow().Match(line)).Where(match => match.Success)
        .ToDictionary(match => match.Groups["key"].Value, match => new Row(
            match.Groups["type"].Value, match.Groups["default"].Value, match.Groups["range"].Value,
            match.Groups["meaning"].Value));

    private static readonly Dictionary<string, Key> Known = Walk(new GatewaySchema(), "")
        .Where(key => OwnSections.Any(section => key.Path.StartsWith(section, StringComparison.Ordinal)))
        .ToDictionary(key => key.Path);

    [Fact]
    public void Every_key_is_documented_and_every_documented_key_exists() =>
        Assert.Equal(Known.Keys.Concat(OthersKeys).Order(StringComparer.Ordinal), Documented.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Documented_defaults_are_the_defaults()
    {
        foreach ((string path, Key key) in Known)
            Assert.Equal($"{path}: {Default(key)}", $"{path}: {Documented.GetValueOrDefault(path)?.Default}");
    }

    [Fact]
    public void Documented_ranges_are_the_ranges()
    {
        foreach ((string path, Key key) in Known)
            Assert.Equal($"{path}: {Range(key)}", $"{path}: {Documented.GetValueOrDefault(path)?.Range}");
    }

    [Fact]
    public void Documented_types_are_the_types_and_nothing_is_without_a_meaning()
    {
        foreach ((string path, Key key) in Known)
            Assert.Equal($"{path}: {TypeName(key.Type)}", $"{path}: {Documented.GetValueOrDefault(path)?.Type}");
        Assert.DoesNotContain(Documented, row => row.Value.Meaning.Length < 10);
    }

    [Fact]
    public void Every_number_has_a_range()
    {
        foreach ((string path, Key key) in Known)
            Assert.False(key.Range is null && (key.Type.IsPrimitive || key.Type == typeof(TimeSpan)) && key.Type != typeof(bool), path);
    }

    [Fact]
    public void The_walk_sees_all_four_sections() =>
        Assert.All(OwnSections, section =>
            Assert.Contains(Known.Keys, path => path.StartsWith(section, StringComparison.Ordinal)));

    private static IEnumerable<Key> Walk(object shape, string prefix)
    {
        foreach (PropertyInfo property in SchemaCheck.Keys(shape.GetType()))
        {
            string path = prefix + property.Name;
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            object? value = property.GetValue(shape);
            if (SchemaCheck.IsScalar(type))
                yield return new(path, type, value, property);
            else if (value is IDictionary)
                foreach (Key key in Walk(Activator.CreateInstance(type.GetGenericArguments()[1])!, path + ":<name>:"))
                    yield return key;
            else if (type != typeof(object) && value is not null)
                foreach (Key key in Walk(value, path + ":"))
                    yield return key;
        }
    }

    // A number whose default is out of its range has to be given, so there is none.
    private static string Default(Key key) =>
        key.Value is null || (key.Range is { } range && !range.IsValid(key.Value)) ? None : $"`{Text(key.Value)}`";

    private static string Range(Key key)
    {
        if (key.Range is { } range)
        {
            // Asked once, so that texts are converted to the type of the range.
            _ = range.IsValid(key.Value);
            return $"`{Text(range.Minimum)} … {Text(range.Maximum)}`";
        }
        if (key.Property.GetCustomAttribute<MinLengthAttribute>() is { } least)
            return $"at least {least.Length} characters";
        return key.Type.IsEnum ? $"`{string.Join(", ", Enum.GetNames(key.Type))}`" : key.Type == typeof(bool) ? "`true, false`" : "";
    }

    private static string TypeName(Type type) => type switch
    {
        _ when type.IsEnum => "name",
        _ when type == typeof(bool) => "boolean",
        _ when type == typeof(TimeSpan) => "time",
        _ when type == typeof(string) => "text",
        _ => "integer",
    };

    private static string Text(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        TimeSpan time => time.Milliseconds == 0 ? time.ToString("c") : time.ToString("c").TrimEnd('0'),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    [GeneratedRegex(@"^\| `(?<key>[A-Z][\w:<>]*)` \| (?<type>\w+) \|[^|]*\| (?<default>[^|]*) \| (?<range>[^|]*) \| (?<meaning>.*) \|$")]
    private static partial Regex KeyRow();

    private sealed record Row(string Type, string Default, string Range, string Meaning);

    private sealed record Key(string Path, Type Type, object? Value, PropertyInfo Property)
    {
        public RangeAttribute? Range => Property.GetCustomAttribute<RangeAttribute>();
    }
}
