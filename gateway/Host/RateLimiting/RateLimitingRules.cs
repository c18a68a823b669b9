using Gateway.Configuration;

namespace Gateway.RateLimiting;

/// <summary>What ranges cannot say about rate limiting.</summary>
internal static class RateLimitingRules
{
    public static IEnumerable<ConfigFault> Check(RateLimitingOptions options)
    {
        foreach ((string name, RateLimitPolicy policy) in options.Policies)
        {
            string path = $"{nameof(GatewaySchema.RateLimiting)}:{nameof(options.Policies)}:{name}";
            if (name.ToUpperInvariant() is "DEFAULT" or "DISABLE")
                yield return new(path, "YARP keeps the names 'default' and 'disable' for itself");
            if (policy.PermitLimit < 1)
                yield return new($"{path}:{nameof(policy.PermitLimit)}", "is missing");
        }
    }
}
