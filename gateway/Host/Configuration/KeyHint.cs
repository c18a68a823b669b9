namespace Gateway.Configuration;

/// <summary>Finds the name somebody probably meant.</summary>
internal static class KeyHint
{
    /// <summary>A clause such as <c>; did you mean 'Journal'?</c>, or nothing when no name is near.</summary>
    public static string For(string written, IEnumerable<string> known)
    {
        (string Name, int Distance) best = known
            .Select(name => (name, Distance(written.ToUpperInvariant(), name.ToUpperInvariant())))
            .OrderBy(candidate => candidate.Item2)
            .FirstOrDefault();
        int tolerated = Math.Max(1, written.Length / 3);
        return best.Name is not null && best.Distance <= tolerated ? $"; did you mean '{best.Name}'?" : "";
    }

    /// <summary>Levenshtein's distance: insertions, deletions and replacements that make one of the other.</summary>
    internal static int Distance(string left, string right)
    {
        int[] previous = [.. Enumerable.Range(0, right.Length + 1)];
        int[] current = new int[right.Length + 1];
        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }
            (previous, current) = (current, previous);
        }
        return previous[right.Length];
    }
}
