namespace Vrrp.Daemon.Configuration.Report;

/// <summary>Explains a valid configuration in words and numbers. Reads and writes nothing.</summary>
/// <param name="Lines">The explanation.</param>
/// <param name="Warnings">What an operator should look at, beyond what reading the file found.</param>
public sealed record ConfigurationReport(
    IReadOnlyList<string> Lines, IReadOnlyList<ConfigurationFinding> Warnings)
{
    /// <param name="config">The configuration.</param>
    /// <param name="peer">That of the other machine; null: not known, and a likely one is assumed.</param>
    /// <param name="readProgram">
    /// The text of a program's file: null where there is none, empty where it is no text or may not be read.
    /// </param>
    public static ConfigurationReport Of(DaemonConfig config, DaemonConfig? peer, Func<string, string?> readProgram)
    {
        List<string> lines = [];
        List<ConfigurationFinding> warnings = [];
        foreach (InstanceConfig instance in config.Instances)
        {
            InstanceConfig? other = peer is null ? null : PairFindings.PeerOf(instance, peer);
            InstanceReport report = new(instance, other, config);
            lines.AddRange(report.Lines());
            warnings.AddRange(report.Warnings);
            if (peer is not null)
                warnings.AddRange(PairFindings.Of(instance, other));
            warnings.AddRange(instance.Addresses.Where(IsSubnetWide).Select(address => OfSubnet(instance, address)));
        }

        warnings.AddRange(CheckFindings.Of(config, readProgram));
        warnings.AddRange(SharedIds(config));
        lines.AddRange(config.Checks.Select(Described));
        return new(lines, warnings);
    }

    private static bool IsSubnetWide(VirtualAddress address) => address.PrefixLength != 8 * address.Address.Length;

    private static ConfigurationFinding OfSubnet(InstanceConfig instance, VirtualAddress address) => new(
        $"Instances:{instance.Name}:VirtualAddresses",
        address.KeepPrefix
            ? $"{address} keeps its prefix: where the machine's own address of that subnet was added later, it goes "
                + "with the virtual one; vrrpd sets promote_secondaries against that"
            : $"{address} is added as /{8 * address.Address.Length} where {address.Device} has an address of its "
                + "subnet; write no prefix, unless it has none");

    private static IEnumerable<ConfigurationFinding> SharedIds(DaemonConfig config) =>
        config.Instances.GroupBy(instance => (instance.Router.Family, instance.Router.VirtualRouterId))
            .Where(same => same.Count() > 1)
            .Select(same => new ConfigurationFinding(
                $"Instances:{same.Last().Name}:VirtualRouterId",
                $"{same.Key.VirtualRouterId} is that of {same.First().Name} too; that is well only where "
                + string.Join(" and ", same.Select(instance => instance.Interface).Distinct())
                + " are different networks"));

    private static string Described(CheckConfig check)
    {
        string what = check switch
        {
            HttpCheckConfig http => $"GET {http.Url}",
            TcpCheckConfig tcp => $"connect to {tcp.Host} port {tcp.Port}",
            ExecCheckConfig exec => $"run {Section.Shown(string.Join(' ', exec.Command.Arguments))}",
            _ => throw new ArgumentOutOfRangeException(nameof(check)),
        };
        return $"check {check.Name}: {what} every {TimeText.Seconds(check.Interval)}, at most "
            + $"{TimeText.Seconds(check.Timeout)}; sick after {check.Fall}, well after {check.Rise} in a row";
    }
}
