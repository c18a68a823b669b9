using System.Text.Json.Serialization;

namespace Vrrp.Daemon.Configuration;

/// <summary>The shape of the file for System.Text.Json, made when the program is built: nothing is reflected.</summary>
[JsonSourceGenerationOptions(
    Converters = [typeof(TimeText)],
    PropertyNameCaseInsensitive = true,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DaemonOptions))]
internal sealed partial class OptionsJson : JsonSerializerContext;
