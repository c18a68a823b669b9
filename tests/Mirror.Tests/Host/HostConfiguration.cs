using System.Text;
using System.Text.Json.Nodes;
using Gateway.Configuration;

namespace InfluxMirror.Tests.Host;

/// <summary>Small valid configurations to vary.</summary>
internal static class HostConfiguration
{
    public static readonly IReadOnlyDictionary<string, string?> NoOverrides = new Dictionary<string, string?>();

    /// <summary>Two destinations, a mirrored route and one for everything else, listeners on free ports.</summary>
    public static JsonObject Valid(
        string first = "http://127.0.0.1:1", string second = "http://127.0.0.1:2", string catchAll = "{**rest}") =>
        JsonNode.Parse($$"""
            {
              "Logging": { "LogLevel": { "Default": "None" } },
              "Kestrel": {
                "Endpoints": {
                  "Clients": { "Url": "http://127.0.0.1:0" },
                  "Management": { "Url": "http://127.0.0.1:0" }
                }
              },
              "ReverseProxy": {
                "Clusters": {
                  "influx": {
                    "Destinations": { "a": { "Address": "{{first}}" }, "b": { "Address": "{{second}}" } }
                  }
                },
                "Routes": {
                  "rest": { "ClusterId": "influx", "Match": { "Path": "{{catchAll}}" } }
                }
              }
            }
            """)!.AsObject();

    /// <summary>Sets what a configuration path such as <c>Mirror:Writes:MaxBodySize</c> names, making its parents.</summary>
    public static JsonObject With(this JsonObject root, string path, JsonNode? value)
    {
        string[] keys = path.Split(':');
        JsonObject at = root;
        foreach (string key in keys[..^1])
            at = (at[key] ??= new JsonObject()).AsObject();
        at[keys[^1]] = value;
        return root;
    }

    public static byte[] Bytes(this JsonObject root) => Encoding.UTF8.GetBytes(root.ToJsonString());

    public static SettingsReading Read(this JsonObject root) => SettingsReader.Read(root.Bytes(), NoOverrides);

    public static SettingsReading Read(string text) => SettingsReader.Read(Encoding.UTF8.GetBytes(text), NoOverrides);

    /// <summary>The folder of the solution.</summary>
    public static string Repository { get; } = FindRepository();

    private static string FindRepository()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Gateway.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("Gateway.sln is in no parent folder");
    }
}
