using System.Collections.Immutable;

namespace Vrrp.Daemon.Configuration;

/// <summary>Reads what an instance's priority depends on.</summary>
internal sealed class TrackingRules(string ownInterface, Dictionary<string, CheckOptions>? checks, Section section)
{
    private readonly List<TrackedItem> _items = [];
    private readonly List<TrackedSource> _sources = [];

    /// <summary>What feeds the items, place by place.</summary>
    public ImmutableArray<TrackedSource> Sources => [.. _sources];

    /// <summary>The items: checks, then interfaces.</summary>
    public ImmutableArray<TrackedItem> Read(
        List<TrackCheckOptions>? trackedChecks, List<TrackInterfaceOptions>? trackedInterfaces)
    {
        Section checkList = section[nameof(InstanceOptions.TrackChecks)];
        for (int i = 0; i < Count(checkList, trackedChecks); i++)
            Add(trackedChecks![i], i, checkList);
        Section interfaceList = section[nameof(InstanceOptions.TrackInterfaces)];
        for (int i = 0; i < Count(interfaceList, trackedInterfaces); i++)
            Add(trackedInterfaces![i], i, interfaceList);
        return [.. _items];
    }

    private static int Count<T>(Section list, List<T>? all)
    {
        if (all is { Count: > ConfigurationReader.MaxEntries })
            list.Fault("", $"there are more than {ConfigurationReader.MaxEntries} of them");
        return Math.Min(all?.Count ?? 0, ConfigurationReader.MaxEntries);
    }

    private void Add(TrackCheckOptions? tracked, int index, Section list)
    {
        if (tracked is null)
            return;
        Dictionary<string, CheckOptions> known = checks ?? [];
        if (tracked.Check is not { } name)
        {
            list.Fault($"{index}", "has no Check; name one of Checks");
        }
        else if (!known.TryGetValue(name, out CheckOptions? check))
        {
            list.Fault($"{index}", $"there is no check '{Section.Shown(name)}'{NearestName.Hint(name, known.Keys)}");
        }
        else
        {
            int weight = Weight(tracked.Weight, list, index) ?? check?.Weight ?? 0;
            Add(name, new(TrackedKind.Check, name), list, index, new(
                name, Math.Clamp(weight, -253, 253), tracked.Reverse ?? false,
                check?.BeforeFirstResult ?? BeforeFirstResult.Failed));
        }
    }

    private void Add(TrackInterfaceOptions? tracked, int index, Section list)
    {
        if (tracked is null)
            return;
        string name = list[$"{index}"].AnInterface(nameof(tracked.Interface), tracked.Interface);
        if (name.Length == 0)
            return;
        if (name == ownInterface)
            list.Warn($"{index}", $"{name} is the instance's own interface, which is always tracked; ignored");
        else
            Add(name, new(TrackedKind.Interface, name), list, index,
                new(name, Weight(tracked.Weight, list, index) ?? 0, tracked.Reverse ?? false));
    }

    private static int? Weight(int? weight, Section list, int index) =>
        weight is null ? null : list[$"{index}"].Number("Weight", weight, -253, 253, 0);

    private void Add(string name, TrackedSource source, Section list, int index, TrackedItem item)
    {
        if (_items.Exists(known => known.Name == name))
        {
            list.Fault($"{index}", $"'{Section.Shown(name)}' is tracked twice, or is an interface and a check");
            return;
        }

        _items.Add(item);
        _sources.Add(source);
    }
}
