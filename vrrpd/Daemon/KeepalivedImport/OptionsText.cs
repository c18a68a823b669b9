using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Writes options as a file that people read: what is default is absent, what can be one text is.</summary>
internal static class OptionsText
{
    /// <summary>JSON, indented, with a line end.</summary>
    public static string Write(DaemonOptions options)
    {
        JsonNode node = JsonSerializer.SerializeToNode(options, OptionsJson.Default.DaemonOptions)!;
        ArrayBufferWriter<byte> written = new();
        using (Utf8JsonWriter writer = new(
            written, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" }))
            Shortened(node, "").WriteTo(writer);
        return Encoding.UTF8.GetString(written.WrittenSpan) + "\n";
    }

    // {"Address": "192.0.2.1"} is "192.0.2.1".
    private static JsonNode Shortened(JsonNode node, string key)
    {
        if (node is JsonArray list)
            return new JsonArray([.. list.Select(item => item is null ? null : Shortened(item, key))]);
        if (node is not JsonObject all)
            return node.DeepClone();
        if (all.Count == 1 && OptionsShape.Shorthands.Values.Contains(all.First().Key)
            && key is nameof(InstanceOptions.VirtualAddresses) or nameof(InstanceOptions.ExcludedAddresses)
                or nameof(InstanceOptions.TrackChecks) or nameof(InstanceOptions.TrackInterfaces)
                or nameof(InstanceOptions.PeerCheck))
            return all.First().Value!.DeepClone();
        return new JsonObject(all.Where(member => member.Value is not null).Select(
            member => KeyValuePair.Create(member.Key, (JsonNode?)Shortened(member.Value!, member.Key))));
    }
}
