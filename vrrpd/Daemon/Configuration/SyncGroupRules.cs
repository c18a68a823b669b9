using System.Collections.Immutable;

namespace Vrrp.Daemon.Configuration;

/// <summary>What has to hold for sync groups.</summary>
internal sealed class SyncGroupRules(ImmutableArray<InstanceConfig> instances, Section section)
{
    private readonly Dictionary<int, string> _groupOf = [];

    /// <summary>The groups, in the order of the file.</summary>
    public ImmutableArray<SyncGroupConfig> Read(Dictionary<string, SyncGroupOptions>? all)
    {
        if (all is { Count: > ConfigurationReader.MaxEntries })
            section.Fault("", $"there are more than {ConfigurationReader.MaxEntries} groups");
        return [.. (all ?? []).Take(ConfigurationReader.MaxEntries).Where(group => group.Value is not null)
            .Select(group => Read(group.Key, group.Value, section[Section.Shown(group.Key)]))];
    }

    private SyncGroupConfig Read(string name, SyncGroupOptions options, Section group)
    {
        const string Key = nameof(SyncGroupOptions.Instances);
        group.CheckName(name);
        List<int> members = [];
        for (int i = 0; i < Math.Min(options.Instances?.Count ?? 0, ConfigurationReader.MaxEntries); i++)
        {
            if (options.Instances![i] is { } member && Member(member, name, group[Key], $"{i}") is { } place)
                members.Add(place);
        }

        if (options.Instances is not { Count: > 1 })
            group.Fault(Key, "a group has two instances or more; name them, or take the group out");
        if (members.Select(member => instances[member].Router.Priority).Distinct().Count() > 1)
            group.Warn(Key, "the priorities of the members differ; a group moves best when they are alike");
        return new(name, [.. members], NotifyRules.Read(options.Notify, group[nameof(options.Notify)]));
    }

    private int? Member(string member, string group, Section list, string key)
    {
        int place = instances.Select(instance => instance.Name).ToList().IndexOf(member);
        if (place < 0)
            list.Fault(key, $"there is no instance '{Section.Shown(member)}'"
                + NearestName.Hint(member, instances.Select(instance => instance.Name)));
        else if (!_groupOf.TryAdd(place, group))
            list.Fault(key, $"{member} is already in the group {_groupOf[place]}; an instance is in one at most");
        else
            return place;
        return null;
    }
}
