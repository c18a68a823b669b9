namespace Vrrp.Tests;

/// <summary>A file of frames captured from keepalived.</summary>
/// <param name="Config">The line that says how it was configured.</param>
/// <param name="Frames">Kind and bytes of each.</param>
internal sealed record VectorFile(string Config, IReadOnlyList<(string Kind, byte[] Frame)> Frames)
{
    public static VectorFile Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        List<(string, byte[])> frames = [];
        string kind = "";
        foreach (string line in lines)
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                kind = line.Split(' ')[1];
            else if (line.StartsWith("hex: ", StringComparison.Ordinal))
                frames.Add((kind, Convert.FromHexString(line[5..])));
        }

        return new(lines.First(line => line.StartsWith("# config: ", StringComparison.Ordinal)), frames);
    }
}
