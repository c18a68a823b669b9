using System.Globalization;

namespace Vrrp.Tests;

/// <summary>Frames captured from keepalived 2.2.7, with the configuration that made them.</summary>
internal sealed record Vector(string Name, RouterConfig Config, IReadOnlyList<(string Kind, byte[] Frame)> Frames)
{
    private const int EthernetHeader = 14;

    public static string RepositoryRoot { get; } = FindRoot();

    public static IReadOnlyList<Vector> All { get; } =
        [.. Directory.GetFiles(Path.Combine(RepositoryRoot, "..", "shared", "vectors"), "*.txt")
            .Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>What follows the Ethernet header of all frames of some kinds.</summary>
    public static IEnumerable<(Vector Vector, byte[] Packet)> Packets(params string[] kinds) =>
        All.SelectMany(vector => vector.Frames.Where(frame => kinds.Contains(frame.Kind))
            .Select(frame => (vector, frame.Frame[EthernetHeader..])));

    private static Vector Read(string path)
    {
        VectorFile file = VectorFile.Read(path);
        return new(Path.GetFileNameWithoutExtension(path), ReadConfig(file.Config), file.Frames);
    }

    private static RouterConfig ReadConfig(string line)
    {
        string auth = line.Split('"')[1];
        string[] words = line.Split(' ');
        Address[] addresses =
            [.. line.Split('[', ']')[1].Split(',').Select(text => Address.Parse(text.Trim(' ', '\'').Split('/')[0]))];
        return new()
        {
            Name = "VI_1",
            Version = (VrrpVersion)byte.Parse(After("version"), CultureInfo.InvariantCulture),
            Family = addresses[0].Family,
            VirtualRouterId = 100,
            Priority = byte.Parse(After("priority"), CultureInfo.InvariantCulture),
            AdvertInterval = TimeSpan.FromSeconds(double.Parse(After("advert_int"), CultureInfo.InvariantCulture)),
            VirtualAddresses = [.. addresses],
            Password = auth.StartsWith("PASS ", StringComparison.Ordinal) ? new(auth[5..]) : null,
        };

        string After(string word) => words[Array.IndexOf(words, word) + 1];
    }

    private static string FindRoot()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Gateway.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("Gateway.sln is in no parent folder");
    }
}
