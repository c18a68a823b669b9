namespace Vrrp;

/// <summary>The priority a router announces, as keepalived computes it.</summary>
public static class EffectivePriority
{
    /// <summary>The priority of the owner of the addresses; no weight changes it.</summary>
    public const byte Owner = 255;

    /// <summary>The configured priority and the weights, within 1 and 254; 255 stays 255.</summary>
    public static byte Of(RouterConfig config, ReadOnlySpan<Health> tracked)
    {
        if (config.Priority == Owner)
            return Owner;
        int sum = config.Priority;
        for (int i = 0; i < tracked.Length; i++)
            sum += config.Tracked[i].Contribution(tracked[i]);
        return (byte)Math.Clamp(sum, 1, Owner - 1);
    }

    /// <summary>Whether a tracked item of weight 0 forbids to be Master or Backup; also the owner obeys.</summary>
    public static bool IsFault(RouterConfig config, ReadOnlySpan<Health> tracked)
    {
        for (int i = 0; i < tracked.Length; i++)
        {
            if (config.Tracked[i].IsFault(tracked[i]))
                return true;
        }

        return false;
    }
}
