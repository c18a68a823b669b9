using System.Globalization;
using System.Text.RegularExpressions;

namespace Gateway.SystemTests.Setup;

/// <summary>The gateway's /metrics page, parsed.</summary>
internal sealed partial class MetricsPage
{
    private readonly List<(string Name, Dictionary<string, string> Labels, double Value)> samples = [];

    public MetricsPage(string text)
    {
        Text = text;
        foreach (string line in text.Split('\n'))
        {
            Match match = Sample().Match(line);
            if (!match.Success)
                continue;
            Dictionary<string, string> labels = Label().Matches(match.Groups["labels"].Value)
                .ToDictionary(label => label.Groups["key"].Value, label => label.Groups["value"].Value);
            double value = match.Groups["value"].Value switch
            {
                "+Inf" => double.PositiveInfinity,
                "-Inf" => double.NegativeInfinity,
                string number => double.Parse(number, CultureInfo.InvariantCulture),
            };
            string name = match.Groups["name"].Value;
            samples.Add((labels.TryGetValue("state", out string? state) ? $"{name}:{state}" : name, labels, value));
        }
    }

    public string Text { get; }

    /// <summary>The ids of all destinations that the accounting knows.</summary>
    public string[] Destinations => [.. samples
        .Where(sample => IsNamed(sample.Name, MetricNames.Accepted))
        .Select(sample => sample.Labels.GetValueOrDefault(MetricNames.Destination, "")).Distinct().Order()];

    /// <summary>The sum of a metric over all samples with this destination; 0 when there are none.</summary>
    public double Of(string name, string destination) => samples.Where(sample => IsNamed(sample.Name, name)
        && sample.Labels.GetValueOrDefault(MetricNames.Destination) == destination).Sum(sample => sample.Value);

    /// <summary>The sum of a metric over all its samples; null when there is none.</summary>
    public double? Total(string name)
    {
        double[] values = [.. samples.Where(sample => IsNamed(sample.Name, name)).Select(sample => sample.Value)];
        return values.Length == 0 ? null : values.Sum();
    }

    /// <summary>Where accepted is not delivered + pending + rejected + dropped; null when it is.</summary>
    public string? AccountingFault()
    {
        if (Destinations.Length == 0)
            return $"{MetricNames.Accepted} is not exported";
        foreach (string destination in Destinations)
        {
            double accepted = Of(MetricNames.Accepted, destination);
            double delivered = Of(MetricNames.Delivered, destination);
            double pending = Of(MetricNames.Pending, destination);
            double rejected = Of(MetricNames.Rejected, destination);
            double dropped = Of(MetricNames.Dropped, destination);
            if (accepted != delivered + pending + rejected + dropped)
            {
                return $"{destination}: accepted {accepted} is not delivered {delivered} + pending {pending} "
                    + $"+ rejected {rejected} + dropped {dropped}";
            }
        }

        return null;
    }

    /// <summary>The exporter may put the name of a meter in front of its instruments' names.</summary>
    private static bool IsNamed(string exported, string name) =>
        exported == name || exported.EndsWith("_" + name, StringComparison.Ordinal);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)( \d+)?$""")]
    private static partial Regex Sample();

    [GeneratedRegex("""(?<key>[a-zA-Z0-9_]+)="(?<value>([^"\\]|\\.)*)"(,|$)""")]
    private static partial Regex Label();
}
