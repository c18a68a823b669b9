using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway.SystemTests.Processes;

/// <summary>The gateway's configuration file of a test: short delays, everything on loopback.</summary>
internal sealed class GatewayConfiguration
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Destination id to address, in the order of the file.</summary>
    public OrderedDictionary<string, string> Destinations { get; } = new(StringComparer.Ordinal);

    /// <summary>Variables of the gateway's process beside the usual ones.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Merged over everything else, object by object; a null removes a key.</summary>
    public JsonObject Changes { get; set; } = [];

    /// <summary>Transform of the write route: <c>Consistency</c> and <c>AckTimeout</c>.</summary>
    public string Consistency { get; set; } = "any";

    public TimeSpan AckTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// With consistency <c>any</c>: how long a write waits for a verdict. A test of verdicts needs longer than the
    /// default on a busy machine.
    /// </summary>
    public TimeSpan? AnyWait { get; set; }

    /// <summary>A configuration whose writes wait for the servers' verdict.</summary>
    public static GatewayConfiguration Patient => new() { AnyWait = TimeSpan.FromSeconds(5) };

    /// <summary>How long a statement waits for its first answer.</summary>
    public TimeSpan StatementAckTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Clients are served over https with this certificate.</summary>
    public Certificate? Certificate { get; set; }

    /// <summary>Merges a change given as JSON text.</summary>
    public GatewayConfiguration With(string json)
    {
        Merge(Changes, JsonNode.Parse(json)!.AsObject());
        return this;
    }

    public string ToJson(int clientPort, int managementPort)
    {
        JsonObject root = new()
        {
            ["Logging"] = new JsonObject
            {
                ["LogLevel"] = new JsonObject { ["Default"] = "Information", ["Yarp"] = "Warning" },
            },
            ["Kestrel"] = new JsonObject { ["Endpoints"] = Endpoints(clientPort, managementPort) },
            ["ReverseProxy"] = new JsonObject { ["Routes"] = Routes(), ["Clusters"] = Clusters() },
            ["Mirror"] = Mirror(),
        };
        if (AnyWait is TimeSpan wait)
            root["Mirror"]!["Writes"] = new JsonObject { ["AnyWait"] = wait.ToString("c") };
        Merge(root, Changes);
        return root.ToJsonString(Indented);
    }

    private JsonObject Endpoints(int clientPort, int managementPort)
    {
        JsonObject clients = new() { ["Url"] = $"http://127.0.0.1:{clientPort}" };
        if (Certificate is not null)
        {
            clients["Url"] = $"https://127.0.0.1:{clientPort}";
            clients["Certificate"] = new JsonObject
            {
                ["Path"] = Certificate.CertificateFile,
                ["KeyPath"] = Certificate.KeyFile,
            };
        }

        return new JsonObject
        {
            ["Clients"] = clients,
            ["Management"] = new JsonObject { ["Url"] = $"http://127.0.0.1:{managementPort}" },
        };
    }

    private JsonObject Routes()
    {
        JsonObject write = new()
        {
            ["Mirror"] = "LineProtocol",
            ["Consistency"] = Consistency,
            ["AckTimeout"] = AckTimeout.ToString("c"),
        };
        JsonObject query = new() { ["Mirror"] = "InfluxQL", ["AckTimeout"] = StatementAckTimeout.ToString("c") };
        return new JsonObject
        {
            ["write"] = Route("/write", write),
            ["query"] = Route("/query", query),
            ["prometheus-write"] = Route("/api/v1/prom/write", new JsonObject { ["Mirror"] = "Raw" }),
            ["rest"] = Route("/{**path}", null),
        };
    }

    private static JsonObject Route(string path, JsonObject? transform)
    {
        JsonObject route = new()
        {
            ["ClusterId"] = "influxdb",
            ["Match"] = new JsonObject { ["Path"] = path },
        };
        if (transform is not null)
            route["Transforms"] = new JsonArray(transform);
        return route;
    }

    private JsonObject Clusters()
    {
        JsonObject destinations = [];
        foreach ((string id, string address) in Destinations)
            destinations[id] = new JsonObject { ["Address"] = address };
        return new JsonObject
        {
            ["influxdb"] = new JsonObject
            {
                ["LoadBalancingPolicy"] = "PowerOfTwoChoices",
                ["HttpRequest"] = new JsonObject { ["Version"] = "1.1", ["ActivityTimeout"] = "01:00:00" },
                ["HealthCheck"] = new JsonObject
                {
                    ["AvailableDestinationsPolicy"] = "HealthyAndUnknown",
                    ["Active"] = new JsonObject
                    {
                        ["Enabled"] = true,
                        ["Interval"] = "00:00:00.250",
                        ["Timeout"] = "00:00:01",
                        ["Policy"] = "Influx",
                        ["Path"] = "/ping",
                    },
                },
                ["Destinations"] = destinations,
            },
        };
    }

    private static JsonObject Mirror() => new()
    {
        ["Delivery"] = new JsonObject
        {
            ["Timeout"] = "00:00:02",
            ["InitialDelayInterval"] = "00:00:00.050",
            ["MaxDelayInterval"] = "00:00:00.500",
            ["ParkedRetryInterval"] = "00:00:00.300",
        },
        ["Reads"] = new JsonObject { ["HoldDown"] = "00:00:01" },
    };

    private static void Merge(JsonObject target, JsonObject changes)
    {
        foreach ((string key, JsonNode? value) in changes)
        {
            if (value is null)
                target.Remove(key);
            else if (value is JsonObject change && target[key] is JsonObject inner)
                Merge(inner, change);
            else
                target[key] = value.DeepClone();
        }
    }
}
