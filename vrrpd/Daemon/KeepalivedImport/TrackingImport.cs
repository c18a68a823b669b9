using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns track_script and track_interface into tracked checks and interfaces.</summary>
internal sealed class TrackingImport(
    IReadOnlyDictionary<string, CheckOptions> checks, IReadOnlySet<string> reversed, ImportNotes notes)
{
    /// <summary>
    /// Takes a track_script block. One of a group is tracked by every member, and there only an explicit weight counts.
    /// </summary>
    public void Scripts(KeepalivedNode block, InstanceOptions instance, bool isOfGroup = false)
    {
        foreach (KeepalivedNode node in block.Children)
        {
            string name = node.Keyword;
            instance.TrackChecks ??= [];
            if (!checks.TryGetValue(name, out CheckOptions? check))
            {
                notes.NotKept(node, "there is no such vrrp_script; keepalived ignores it too");
            }
            else if (instance.TrackChecks.Exists(known => known.Check == name))
            {
                notes.NotKept(node, "is tracked already");
            }
            else
            {
                (int? weight, bool isReversed) = Weight(node);
                if (isOfGroup && weight is null && check.Weight is not (null or 0))
                    weight = 0;
                instance.TrackChecks.Add(new()
                {
                    Check = name,
                    Weight = weight,
                    Reverse = isReversed || reversed.Contains(name) ? true : null,
                });
            }
        }

        if (instance.TrackChecks is { Count: 0 })
            instance.TrackChecks = null;
    }

    /// <summary>Takes a track_interface block.</summary>
    public void Interfaces(KeepalivedNode block, InstanceOptions instance)
    {
        foreach (KeepalivedNode node in block.Children)
        {
            instance.TrackInterfaces ??= [];
            if (instance.TrackInterfaces.Exists(known => known.Interface == node.Keyword))
            {
                notes.NotKept(node, "is tracked already");
            }
            else if (node.Keyword == instance.Interface)
            {
                notes.Changed(node, "is the instance's own interface, which is always tracked; keepalived too ignores "
                    + "the statement");
            }
            else
            {
                (int? weight, bool isReversed) = Weight(node);
                instance.TrackInterfaces.Add(
                    new() { Interface = node.Keyword, Weight = weight, Reverse = isReversed ? true : null });
            }
        }

        if (instance.TrackInterfaces is { Count: 0 })
            instance.TrackInterfaces = null;
    }

    /// <summary>
    /// keepalived ignores in a group what an instance of its own tracks with a weight: checks wholly, of interfaces the
    /// weight.
    /// </summary>
    public void DropWeights(KeepalivedNode group, string name, InstanceOptions instance)
    {
        foreach (TrackCheckOptions tracked in (instance.TrackChecks ?? []).Where(IsWeighed))
            notes.Changed(group, $"{name} does not track {tracked.Check}: keepalived ignores weights in a group");
        instance.TrackChecks?.RemoveAll(IsWeighed);
        if (instance.TrackChecks is { Count: 0 })
            instance.TrackChecks = null;
        foreach (TrackInterfaceOptions tracked in instance.TrackInterfaces ?? [])
        {
            if (tracked.Weight is not (null or 0))
                notes.Changed(group, $"{name} tracks {tracked.Interface} without a weight, as keepalived in a group");
            tracked.Weight = null;
        }

        bool IsWeighed(TrackCheckOptions tracked) => (tracked.Weight ?? checks[tracked.Check!].Weight ?? 0) != 0;
    }

    /// <summary>Reads [weight N] [reverse] after a name, and says what became of it.</summary>
    private (int? Weight, bool IsReversed) Weight(KeepalivedNode node)
    {
        int? weight = null;
        bool isReversed = false;
        List<string> ignored = [];
        for (int i = 0; i < node.Words.Count; i++)
        {
            if (node.Words[i] == "reverse")
                isReversed = true;
            else if (node.Words[i] == "weight" && i + 1 < node.Words.Count
                && KeepalivedNumbers.TryWhole(node.Words[i + 1], out int number) && number is >= -253 and <= 253)
                (weight, i) = (number, i + 1);
            else
                ignored.Add(node.Words[i]);
        }

        if (ignored.Count > 0)
            notes.Changed(
                node, $"tracked, without {Section.Shown(string.Join(' ', ignored))}; a weight is -253 to 253");
        else
            notes.Kept(node, weight is null ? "tracked" : $"tracked with Weight {weight}");
        return (weight, isReversed);
    }
}
