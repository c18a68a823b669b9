using Gateway.Configuration;

namespace Gateway.Listeners;

/// <summary>What has to hold of <c>Kestrel:Endpoints</c> beyond what Kestrel checks when it binds.</summary>
internal static class EndpointRules
{
    /// <summary>The endpoint whose connections are management; every other one serves clients.</summary>
    public const string Management = "Management";

    public static IEnumerable<ConfigFault> Check(IConfiguration values)
    {
        Dictionary<string, string> owners = new(StringComparer.OrdinalIgnoreCase);
        foreach (IConfigurationSection endpoint in values.GetSection("Kestrel:Endpoints").GetChildren())
        {
            string? url = endpoint["Url"];
            string path = $"{endpoint.Path}:Url";
            BindingAddress? address = null;
            if (string.IsNullOrEmpty(url))
                yield return new(path, "is missing");
            else if (!TryParse(url, out address))
                yield return new(path, $"'{url}' is not a listening address as in http://*:9096");
            else if (address!.Port != 0 && !owners.TryAdd($"{address.Host}:{address.Port}", endpoint.Key))
                yield return new(path, $"'{url}' is also the address of '{owners[$"{address.Host}:{address.Port}"]}'");
        }
    }

    /// <summary>Reads a listening URL, of http or https.</summary>
    public static bool TryParse(string url, out BindingAddress? address)
    {
        try
        {
            address = BindingAddress.Parse(url);
            return address.Scheme is "http" or "https";
        }
        catch (FormatException)
        {
            address = null;
            return false;
        }
    }
}
