namespace Vrrp.Daemon.Configuration.Report;

/// <summary>What two machines have to agree on.</summary>
internal static class PairFindings
{
    /// <summary>Looks for the router of the peer that answers an instance; null: there is none.</summary>
    public static InstanceConfig? PeerOf(InstanceConfig instance, DaemonConfig peer) =>
        peer.Instances.Where(other => other.Router.Family == instance.Router.Family
                && other.Router.VirtualRouterId == instance.Router.VirtualRouterId)
            .OrderByDescending(other => other.Name == instance.Name).FirstOrDefault();

    /// <summary>Where they disagree.</summary>
    public static IEnumerable<ConfigurationFinding> Of(InstanceConfig instance, InstanceConfig? peer)
    {
        string path = $"Instances:{instance.Name}";
        RouterConfig own = instance.Router;
        if (peer is null)
        {
            yield return new(path, $"the peer has no virtual router {own.VirtualRouterId} for {own.Family}");
            yield break;
        }

        RouterConfig other = peer.Router;
        const string Refused = "; each refuses the other's advertisements, and both become master";
        if (own.Version != other.Version)
            yield return new($"{path}:Version", $"{(int)own.Version} here, {(int)other.Version} there{Refused}");
        else if (own.Version == VrrpVersion.V2 && own.AdvertInterval != other.AdvertInterval)
            yield return new(
                $"{path}:AdvertInterval",
                $"{TimeText.Seconds(own.AdvertInterval)} here, {TimeText.Seconds(other.AdvertInterval)} there"
                + Refused);
        if (!SamePassword(own.Password, other.Password))
            yield return new($"{path}:Password", $"is not the same there{Refused}");
        if (!own.VirtualAddresses.ToHashSet().SetEquals(other.VirtualAddresses))
            yield return new(
                $"{path}:VirtualAddresses", $"there they are {string.Join(", ", other.VirtualAddresses)}{Refused}");
        if (own.UnicastPeers.IsEmpty != other.UnicastPeers.IsEmpty)
            yield return new($"{path}:UnicastPeers", $"one sends by multicast, the other does not{Refused}");
        if (instance.SourceAddress is { } source && !other.AcceptedSources.IsEmpty
            && !other.AcceptedSources.Contains(source))
            yield return new($"{path}:SourceAddress", $"{source} is not among the peers there{Refused}");
        if (own.Priority == other.Priority)
            yield return new(
                $"{path}:Priority",
                own.Priority == EffectivePriority.Owner
                    ? "is 255 on both machines: both are master at once; an address has one owner"
                    : $"is {own.Priority} on both machines: the higher source address wins");
    }

    private static bool SamePassword(AdvertPassword? own, AdvertPassword? other)
    {
        Span<byte> bytes = stackalloc byte[AdvertPassword.Length];
        other?.Write(bytes);
        return own is null || other is null ? own is null == other is null : own.Matches(bytes);
    }
}
