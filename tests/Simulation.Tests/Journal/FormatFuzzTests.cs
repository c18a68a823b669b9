using Gateway.SimulationTests.Disks;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>Whatever a folder holds, it is opened, read to an end, and written on.</summary>
public sealed class FormatFuzzTests
{
    private static readonly LogOptions Options = new() { SegmentBytes = 16 * 1024, MaxBytes = 10_000_000, MaxSpares = 1 };

    private static readonly string[] Names =
    [
        "0000000000000001.seg", "0000000000000001.1.seg", "0000000000000002.seg", "ffffffffffffffff.seg",
        "7ffffffffffffff0.seg", "x.seg", ".seg", "0000000000000003.spare", "0000000000000004.new",
        "influx%2F1.cursor", "%ZZ.cursor", "lock", "notes.txt",
    ];

    [Fact]
    public void Random_bytes_are_never_a_record()
    {
        for (int seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            var disk = new SimulatedDisk(random);
            foreach (string name in Names.Where(_ => random.Next(2) == 0))
            {
                var bytes = new byte[random.Next(20_000)];
                random.NextBytes(bytes);
                if (random.Next(2) == 0)
                    // A whole header in front, so that what follows is looked at.
                    SegmentFormat.Encode(AnyHeader(random, name)).AsSpan(0, Math.Min(bytes.Length, 8192)).CopyTo(bytes);
                disk.Place(name, bytes);
            }

            Assert.Empty(Open(disk, seed));
        }
    }

    [Theory]
    [InlineData("0000000000000001.1.seg", 6)]
    [InlineData("0000000000000001.seg", 4)]
    public void Mutated_golden_files_give_no_record_that_was_never_written(string without, int records)
    {
        string folder = Path.Combine(Root(), "tests", "Mirror.Tests", "Journal", "Disk", "Golden");
        (string Name, byte[] Bytes)[] golden =
        [
            .. Directory.GetFiles(folder).Order(StringComparer.Ordinal)
                .Select(static file => (Path.GetFileName(file), File.ReadAllBytes(file)))
                .Where(file => file.Item1 != without),
        ];
        var whole = new SimulatedDisk(new Random(1));
        foreach ((string name, byte[] bytes) in golden)
            whole.Place(name, bytes);
        Dictionary<long, string> expected = Open(whole, 0);
        Assert.Equal(records, expected.Count);

        int found = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var disk = new SimulatedDisk(random) { ReadFailures = seed % 10 == 0 ? 100 : 0 };
            foreach ((string name, byte[] bytes) in golden)
                disk.Place(name, Mutate([.. bytes], random));
            foreach ((long position, string content) in Open(disk, seed))
            {
                Assert.True(expected.GetValueOrDefault(position) == content, $"seed {seed}: {position} is invented");
                found++;
            }
        }

        // The mutations leave something, or they would prove nothing.
        Assert.InRange(found, 3000, 3000 * records);
    }

    /// <summary>Recovers, reads all and appends one; records by position.</summary>
    private static Dictionary<long, string> Open(SimulatedDisk disk, int seed)
    {
        RecoveredLog recovered = Recovery.Run(disk, Options);
        disk.ReadFailures = 0;
        using var core = new LogCore(disk, Options, recovered, _ => { });
        Dictionary<long, string> records = [];
        int steps = 0;
        using (SegmentReader reader = core.OpenReader(0, _ => Assert.True(++steps < 10_000, $"seed {seed} does not end")))
            while (reader.TryRead() is { } record)
            {
                records.Add(
                    record.Position,
                    $"{record.Kind} {Convert.ToHexString(record.Header.Span)} {Convert.ToHexString(record.Body.Span)}");
                record.Body.Release();
                Assert.True(++steps < 10_000, $"seed {seed} does not end");
            }

        var entry = new LogEntry(1, default, SharedBuffer.Copy([1, 2, 3]));
        Assert.Equal(AppendOutcome.Appended, core.TryAppend(entry));
        core.Demand(entry.Position);
        core.WriteStep();
        Assert.Equal(entry.Position, core.SafeThrough);
        using SegmentReader tail = core.OpenReader(entry.Position, _ => { });
        Assert.Equal(entry.Position, tail.TryRead()?.Position);
        return records;
    }

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        for (int count = random.Next(4); count > 0; count--)
            switch (random.Next(5))
            {
                case 0:
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    Array.Resize(ref bytes, random.Next(1, bytes.Length + 600));
                    break;
                case 2:
                    Part(bytes, random).Clear();
                    break;
                case 3:
                    random.NextBytes(Part(bytes, random));
                    break;
                default:
                    // Frames where others were.
                    Span<byte> from = Part(bytes, random).ToArray();
                    int at = random.Next(bytes.Length) & ~7;
                    from[..Math.Min(from.Length, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
                    break;
            }

        return bytes;
    }

    private static Span<byte> Part(byte[] bytes, Random random)
    {
        int start = random.Next(bytes.Length) & ~7;
        return bytes.AsSpan(start, Math.Min(random.Next(1, 2000), bytes.Length - start));
    }

    private static SegmentHeader AnyHeader(Random random, string name) => new(
        Math.Max(1, SegmentFormat.GenerationOf(name)), (ulong)random.NextInt64(), random.NextInt64(1, 100), random.NextInt64(100),
        random.Next(4), random.NextInt64(uint.MaxValue), random.NextInt64(uint.MaxValue),
        random.NextInt64(uint.MaxValue));

    private static string Root()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Gateway.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new DirectoryNotFoundException("no Gateway.sln above the tests");
    }
}
