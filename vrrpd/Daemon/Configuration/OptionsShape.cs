using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Vrrp.Daemon.Configuration;

/// <summary>
/// Holds a JSON text against the shape of the options and writes it anew without what does not fit, so that everything
/// wrong is found at once and the rest can still be looked at. Types come from the source generator's metadata.
/// </summary>
internal sealed class OptionsShape(Findings findings, Utf8JsonWriter writer)
{
    /// <summary>Objects that a text alone can stand for, and the key it is then the value of.</summary>
    public static readonly IReadOnlyDictionary<Type, string> Shorthands = new Dictionary<Type, string>
    {
        [typeof(VirtualAddressOptions)] = nameof(VirtualAddressOptions.Address),
        [typeof(TrackInterfaceOptions)] = nameof(TrackInterfaceOptions.Interface),
        [typeof(TrackCheckOptions)] = nameof(TrackCheckOptions.Check),
        [typeof(PeerCheckOptions)] = nameof(PeerCheckOptions.Url),
    };

    /// <summary>Writes what fits; where an item of a list does not, null keeps its place.</summary>
    public void Write(JsonElement element, JsonTypeInfo type, string path)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                WriteObject(element, type, path);
                break;
            case JsonTypeInfoKind.Dictionary:
                WriteDictionary(element, InfoOf(type.ElementType!), path);
                break;
            case JsonTypeInfoKind.Enumerable:
                WriteList(element, InfoOf(type.ElementType!), path);
                break;
            default:
                WriteScalar(element, type.Type, path);
                break;
        }
    }

    /// <summary>The metadata of a type that the options are made of.</summary>
    public static JsonTypeInfo InfoOf(Type type) =>
        OptionsJson.Default.GetTypeInfo(type) ?? throw new InvalidOperationException($"{type} is no type of options");

    private void WriteObject(JsonElement element, JsonTypeInfo type, string path)
    {
        if (element.ValueKind == JsonValueKind.String && Shorthands.TryGetValue(type.Type, out string? shorthand))
        {
            writer.WriteStartObject();
            writer.WriteString(shorthand, element.GetString());
            writer.WriteEndObject();
            return;
        }

        if (!IsKind(element, JsonValueKind.Object, path))
            return;
        writer.WriteStartObject();
        HashSet<string> seen = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            JsonPropertyInfo? key = type.Properties.FirstOrDefault(
                property => property.Name.Equals(member.Name, StringComparison.OrdinalIgnoreCase));
            string place = Join(path, key?.Name ?? Section.Shown(member.Name));
            if (!seen.Add(key?.Name ?? member.Name))
            {
                findings.Fault(place, "stands here twice; keep one of them");
            }
            else if (key is null)
            {
                if (!findings.IsFull)
                    findings.Fault(place, "is no key that vrrpd knows" + NearestName.Hint(
                        member.Name, type.Properties.Select(property => property.Name)));
            }
            else
            {
                writer.WritePropertyName(key.Name);
                Write(member.Value, InfoOf(key.PropertyType), place);
            }
        }

        writer.WriteEndObject();
    }

    private void WriteDictionary(JsonElement element, JsonTypeInfo type, string path)
    {
        if (!IsKind(element, JsonValueKind.Object, path))
            return;
        writer.WriteStartObject();
        HashSet<string> seen = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string place = Join(path, Section.Shown(member.Name));
            if (seen.Add(member.Name))
            {
                writer.WritePropertyName(member.Name);
                Write(member.Value, type, place);
            }
            else
            {
                findings.Fault(place, "stands here twice; give one of them another name");
            }
        }

        writer.WriteEndObject();
    }

    private void WriteList(JsonElement element, JsonTypeInfo type, string path)
    {
        if (!IsKind(element, JsonValueKind.Array, path))
            return;
        writer.WriteStartArray();
        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
            Write(item, type, $"{path}:{index++}");
        writer.WriteEndArray();
    }

    // Values are not repeated where they may be a password.
    private void WriteScalar(JsonElement element, Type type, string path)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        string? fault = null;
        JsonValueKind kind = element.ValueKind;
        if (type == typeof(bool))
            fault = kind is JsonValueKind.True or JsonValueKind.False ? null : "write true or false";
        else if (type == typeof(int))
            fault = kind == JsonValueKind.Number && element.TryGetInt32(out _) ? null : "write a whole number";
        else if (kind != JsonValueKind.String)
            fault = "write a text in quotes";
        else if (type == typeof(TimeSpan))
            fault = TimeText.TryParse(element.GetString()!, out _) ? null : "write hh:mm:ss, such as \"00:00:01.5\"";
        else if (type.IsEnum && !IsNameOf(type, element.GetString()!))
            fault = $"write one of {string.Join(", ", Enum.GetNames(type))}";

        if (fault is null)
            element.WriteTo(writer);
        else
            Refuse(path, type == typeof(TimeSpan) || type.IsEnum ? $"{Described(element)}; {fault}" : fault);
    }

    private static bool IsNameOf(Type type, string text) =>
        Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase);

    private static string Described(JsonElement element) =>
        element.ValueKind == JsonValueKind.String
            ? $"'{Section.Shown(element.GetString()!)}' is not understood"
            : $"{NameOf(element.ValueKind)} is not understood";

    private bool IsKind(JsonElement element, JsonValueKind kind, string path)
    {
        if (element.ValueKind == kind)
            return true;
        Refuse(path, $"{NameOf(element.ValueKind)} stands where {NameOf(kind)} belongs");
        return false;
    }

    private void Refuse(string path, string text)
    {
        findings.Fault(path, text);
        writer.WriteNullValue();
    }

    private static string NameOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object {…}",
        JsonValueKind.Array => "a list […]",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}:{key}";
}
