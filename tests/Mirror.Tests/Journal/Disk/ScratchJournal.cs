using System.Text;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>A journal in a folder of its own, which goes with it.</summary>
internal sealed class ScratchJournal : IDisposable
{
    public ScratchJournal() => Directory.CreateDirectory(Folder);

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"journal-{Guid.NewGuid():N}");

    public LogOptions Options { get; init; } = new() { SegmentBytes = 64 * 1024, MaxBytes = 1_000_000_000 };

    public List<LogEvent> News { get; } = [];

    public SegmentLog Open() => SegmentLog.Open(new LinuxDisk(Folder), Options, Tell);

    public string[] Files(string ending) => [.. Directory.GetFiles(Folder, "*" + ending).Order(StringComparer.Ordinal)];

    public static LogEntry Entry(byte[] body, string header = "", byte kind = 1)
    {
        // The caller's reference is never released: the same entry may be offered again.
        SharedBuffer buffer = SharedBuffer.Copy(body);
        return new LogEntry(kind, Encoding.UTF8.GetBytes(header), buffer);
    }

    /// <summary>Appends bodies and waits until they are safe.</summary>
    public static async Task<long[]> Append(SegmentLog log, params byte[][] bodies)
    {
        List<long> positions = [];
        foreach (byte[] body in bodies)
        {
            LogEntry entry = Entry(body, $"header of {body.Length}");
            Assert.Equal(AppendOutcome.Appended, log.TryAppend(entry));
            positions.Add(entry.Position);
        }

        Assert.True(await log.WaitDurableAsync(positions[^1]));
        return [.. positions];
    }

    /// <summary>Bodies by position, and what could not be read.</summary>
    public static (SortedDictionary<long, byte[]> Bodies, List<LogDamage> Damage) ReadAll(SegmentLog log, long from = 1)
    {
        SortedDictionary<long, byte[]> bodies = [];
        List<LogDamage> damage = [];
        using SegmentReader reader = log.OpenReader(from, damage.Add);
        while (reader.TryRead() is { } record)
        {
            bodies.Add(record.Position, record.Body.Span.ToArray());
            Assert.Equal($"header of {record.Body.Length}", Encoding.UTF8.GetString(record.Header.Span));
            record.Body.Release();
        }

        return (bodies, damage);
    }

    public static byte[] Body(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Tell(LogEvent news)
    {
        lock (News)
            News.Add(news);
    }
}
