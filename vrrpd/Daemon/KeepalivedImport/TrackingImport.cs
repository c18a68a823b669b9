using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns track_script and track_interface into tracked checks and interfaces.</summary>
internal sealed class TrackingImport(
    IReadOnlyDictionary<string, CheckOptions> checks, IReadOnlySet<string> reversed, ImportNotes notes)
{
    /// <summary>Takes a track_script block.</summary>
    public void Scripts(KeepalivedNode block, InstanceOptions instance)
    {
        foreach (KeepalivedNode node in block.Children)
        {
            string name = node.Keyword;
            instance.TrackChecks ??= [];
            if (!checks.ContainsKey(name))
                notes.NotKept(node, "there is no such vrrp_script; keepalived ignores it too");
            else if (instance.TrackChecks.Exists(known => known.Check == name))
                notes.NotKept(node, "is tracked already");
            else if (Weight(node, out int? weight, out bool isReversed))
                instance.TrackChecks.Add(new()
                {
                    Check = name,
                    Weight = weight,
                    Reverse = isReversed || (weight is null && reversed.Contains(name)) ? true : null,
                });
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
                notes.NotKept(node, "is tracked already");
            else if (node.Keyword == instance.Interface)
                notes.Changed(node, "is the instance's own interface, which is always tracked; keepalived too ignores "
                    + "the statement");
            else if (Weight(node, out int? weight, out bool isReversed))
                instance.TrackInterfaces.Add(
                    new() { Interface = node.Keyword, Weight = weight, Reverse = isReversed ? true : null });
        }

        if (instance.TrackInterfaces is { Count: 0 })
            instance.TrackInterfaces = null;
    }

    /// <summary>Reads [weight N] [reverse] after a name, and says what became of it.</summary>
    private bool Weight(KeepalivedNode node, out int? weight, out bool isReversed)
    {
        weight = null;
        isReversed = false;
        for (int i = 0; i < node.Words.Count; i++)
        {
            if (node.Words[i] == "reverse")
            {
                isReversed = true;
            }
            else if (node.Words[i] == "weight" && i + 1 < node.Words.Count
                && KeepalivedNumbers.TryWhole(node.Words[i + 1], out int number) && number is >= -253 and <= 253)
            {
                weight = number;
                i++;
            }
            else
            {
                notes.NotKept(node, $"'{Section.Shown(node.Words[i])}' is not understood");
                return false;
            }
        }

        notes.Kept(node, weight is null ? "tracked" : $"tracked with Weight {weight}");
        return true;
    }
}
