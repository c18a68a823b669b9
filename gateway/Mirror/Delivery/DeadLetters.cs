using System.Text;

namespace InfluxMirror.Delivery;

/// <summary>A record that a destination will never take, kept for the operator.</summary>
/// <param name="Id">Number of the letter.</param>
/// <param name="Time">When it was filed.</param>
/// <param name="Destination">Who did not take it.</param>
/// <param name="Client">Who sent it.</param>
/// <param name="Database">Its database.</param>
/// <param name="Points">Points in it.</param>
/// <param name="Reason">Why, in the destination's words.</param>
/// <param name="Body">The whole record.</param>
public sealed record DeadLetter(
    long Id,
    DateTimeOffset Time,
    string Destination,
    string Client,
    string Database,
    int Points,
    string Reason,
    ReadOnlyMemory<byte> Body)
{
    /// <summary>The beginning of the record, for people.</summary>
    public string Sample => Encoding.UTF8.GetString(Body.Span[..Math.Min(Body.Length, 200)]);
}

/// <summary>The dead letters of a cluster: bounded in bytes, the oldest goes first and is counted.</summary>
public sealed class DeadLetters(TimeProvider time, Func<long> limitBytes)
{
    private const int Overhead = 256;

    private readonly Lock _gate = new();
    private readonly Queue<DeadLetter> _letters = new();
    private long _bytes;
    private long _nextId = 1;
    private long _discarded;

    /// <summary>Letters thrown away to make room.</summary>
    public long Discarded => Interlocked.Read(ref _discarded);

    /// <summary>Letters filed so far.</summary>
    public long Filed => Interlocked.Read(ref _nextId) - 1;

    /// <summary>The letters kept, oldest first.</summary>
    public IReadOnlyList<DeadLetter> List()
    {
        lock (_gate)
            return [.. _letters];
    }

    internal void File(string destination, MirroredRecord record, string reason)
    {
        var body = record.Body.Span.ToArray();
        lock (_gate)
        {
            _letters.Enqueue(new DeadLetter(
                _nextId++, time.GetUtcNow(), destination, record.Client, record.Target.Database, record.Points, reason,
                body));
            _bytes += body.Length + Overhead;
            while (_bytes > limitBytes() && _letters.TryDequeue(out var oldest))
            {
                _bytes -= oldest.Body.Length + Overhead;
                Interlocked.Increment(ref _discarded);
            }
        }
    }
}
