using System.Text;

namespace Gateway.SystemTests.Points;

/// <summary>Two servers, point by point.</summary>
internal static class PointComparison
{
    private const int Shown = 15;

    public static void AssertEqual(PointDump first, PointDump second)
    {
        string? difference = Difference(first, second);
        Assert.True(difference is null, difference);
    }

    /// <summary>What one has and the other has not; null when they are the same.</summary>
    public static string? Difference(PointDump first, PointDump second)
    {
        string[] onlyFirst = [.. first.Lines.Where(line => !second.Lines.Contains(line))];
        string[] onlySecond = [.. second.Lines.Where(line => !first.Lines.Contains(line))];
        if (onlyFirst.Length + onlySecond.Length == 0)
            return null;
        StringBuilder text = new();
        text.AppendLine($"database {first.Db} differs: {first.Server} holds {first.Lines.Count} lines, "
            + $"{second.Server} holds {second.Lines.Count}");
        Append(text, first.Server, onlyFirst);
        Append(text, second.Server, onlySecond);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string server, string[] lines)
    {
        text.AppendLine($"only on {server}: {lines.Length}");
        foreach (string line in lines.Take(Shown))
            text.AppendLine("  " + (line.Length > 200 ? line[..200] + "..." : line));
        if (lines.Length > Shown)
            text.AppendLine($"  ... and {lines.Length - Shown} more");
    }
}
