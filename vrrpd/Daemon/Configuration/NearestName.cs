namespace Vrrp.Daemon.Configuration;

/// <summary>Finds the name that somebody probably meant.</summary>
internal static class NearestName
{
    // Longer ones are nobody's slip, and comparing them would cost time.
    private const int MaxLength = 64;

    /// <summary>A clause such as <c>; did you mean 'Priority'?</c>, or nothing when no name is near.</summary>
    public static string Hint(string written, IEnumerable<string> known)
    {
        if (written.Length > MaxLength)
            return "";
        string? best = null;
        int least = Math.Max(2, written.Length / 3) + 1;
        foreach (string name in known.Where(name => name.Length <= MaxLength))
        {
            int distance = Distance(written.ToUpperInvariant(), name.ToUpperInvariant());
            if (distance >= least)
                continue;
            least = distance;
            best = name;
        }

        return best is null ? "" : $"; did you mean '{best}'?";
    }

    /// <summary>Insertions, deletions and replacements that make one text of the other.</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int diagonal = row[0]++;
            for (int j = 0; j < to.Length; j++)
            {
                int replaced = diagonal + (from[i] == to[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(diagonal, row[j]) + 1);
            }
        }

        return row[to.Length];
    }
}
