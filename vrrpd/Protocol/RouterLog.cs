using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vrrp;

/// <summary>
/// One line of the event log: a router's configuration, then its events and the actions each led to. Such a log
/// replays: the same events give the same actions. Passwords are not in it.
/// </summary>
/// <param name="Router">Name of the router.</param>
/// <param name="At">When, in microseconds.</param>
public sealed record RouterLogLine(string Router, long At)
{
    /// <summary>The configuration the router starts with.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RouterConfig? Config { get; init; }

    /// <summary>What happened.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RouterEvent? Event { get; init; }

    /// <summary>What is to be done for the event before it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RouterAction? Action { get; init; }

    /// <summary>The line as JSON, without a line feed.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RouterLogJson.Default.RouterLogLine);

    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">Not a line of the log.</exception>
    public static RouterLogLine Parse(string json) =>
        JsonSerializer.Deserialize(json, RouterLogJson.Default.RouterLogLine)
            ?? throw new JsonException("an empty line");
}

/// <summary>The serializer, made when the library is built.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(RouterLogLine))]
internal sealed partial class RouterLogJson : JsonSerializerContext;
