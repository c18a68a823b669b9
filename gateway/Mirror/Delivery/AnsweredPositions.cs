using System.Collections.Concurrent;

namespace InfluxMirror.Delivery;

/// <summary>
/// Up to which position the clients of each database were told that all is well: what a read that arrives now must
/// see. Bounded: past a number of databases one position stands for all.
/// </summary>
public sealed class AnsweredPositions
{
    private const int MaxDatabases = 10_000;
    private const int MaxNameLength = 512;

    private readonly ConcurrentDictionary<string, StrongBox> _databases = new(StringComparer.Ordinal);
    private long _everywhere;
    private long _statement;

    /// <summary>The newest statement that was answered, whatever it touched.</summary>
    public long Statement => Interlocked.Read(ref _statement);

    /// <summary>The newest record of <paramref name="database"/> that was answered, or of all databases.</summary>
    public long Of(string database) =>
        Math.Max(
            Interlocked.Read(ref _everywhere),
            _databases.TryGetValue(database, out var position) ? Interlocked.Read(ref position.Value) : 0);

    /// <summary>The client of <paramref name="record"/> was told that it is accepted.</summary>
    public void Note(MirroredRecord record)
    {
        if (record.Kind == RecordKind.Statement)
        {
            Raise(ref _statement, record.Position);
            var scope = record.Scope!;
            if (scope.All)
                Raise(ref _everywhere, record.Position);
            foreach (var database in scope.Databases)
                Note(database, record.Position);
            return;
        }

        Note(record.Target.Database, record.Position);
    }

    private void Note(string database, long position)
    {
        if (_databases.TryGetValue(database, out var box))
            Raise(ref box.Value, position);
        else if (_databases.Count >= MaxDatabases || database.Length > MaxNameLength)
            Raise(ref _everywhere, position);
        else
            Raise(ref _databases.GetOrAdd(database, static _ => new StrongBox()).Value, position);
    }

    private static void Raise(ref long value, long to)
    {
        var seen = Interlocked.Read(ref value);
        while (seen < to)
        {
            var before = Interlocked.CompareExchange(ref value, to, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    private sealed class StrongBox
    {
        public long Value;
    }
}
