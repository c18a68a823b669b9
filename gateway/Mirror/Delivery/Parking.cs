using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace InfluxMirror.Delivery;

/// <summary>
/// Records that one destination cannot take until somebody repairs it (creates a database or retention policy,
/// sets a password): one queue for each such place, so that everything else flows on. All state belongs to the
/// courier's lock.
/// </summary>
internal sealed class Parking
{
    // Clients choose the names. Of places beyond the bounds the next start learns when their records are refused.
    private const int MaxSaved = 1000, MaxSavedNames = 64 * 1024;

    private readonly Dictionary<ParkedPlace, ParkedQueue> _queues = [];

    // How many of them there are for each database.
    private readonly Dictionary<string, int> _databases = new(StringComparer.Ordinal);

    /// <summary>Queues that hold something.</summary>
    public IReadOnlyCollection<ParkedQueue> Queues => _queues.Values;

    /// <summary>Nothing is parked.</summary>
    public bool IsEmpty => _queues.Count == 0;

    /// <summary>What waited at the start is not all read yet: places of before stay, also empty ones.</summary>
    public bool IsRestoring { get; private set; }

    /// <summary>What waits for a repair, to be restored at the next start; null for nothing.</summary>
    public IReadOnlyList<ParkedPlace>? Saved()
    {
        if (_queues.Count == 0)
            return null;
        var names = 0;
        return [.. _queues.Keys
            .TakeWhile(place => (names += place.Database.Length + (place.RetentionPolicy?.Length ?? 0)) < MaxSavedNames)
            .Take(MaxSaved)];
    }

    /// <summary>
    /// What waited for a repair when the gateway ended: records for these places are parked as they come, and nobody
    /// takes the destination for a whole one before.
    /// </summary>
    public void Restore(IEnumerable<ParkedPlace> places)
    {
        foreach (var place in places)
            Add(new ParkedQueue(place) { IsRestored = true });
        IsRestoring = _queues.Count > 0;
    }

    /// <summary>Whatever waited at the start is here: places are like others from now on. Those that were restored.
    /// </summary>
    public ParkedQueue[] EndRestoring()
    {
        IsRestoring = false;
        ParkedQueue[] restored = [.. _queues.Values.Where(static queue => queue.IsRestored)];
        foreach (var queue in restored)
            queue.IsRestored = false;
        return restored;
    }

    /// <summary>The queue that a record has to join; null when it may be sent.</summary>
    /// <param name="record">The record.</param>
    /// <param name="isReturned">It was parked before, and is on its way back.</param>
    public ParkedQueue? Find(MirroredRecord record, bool isReturned = false)
    {
        if (_queues.Count == 0)
            return null;
        var target = record.Target;
        return At(ParkedPlace.OfDatabase(target))
            ?? At(ParkedPlace.OfRetentionPolicy(target))
            ?? At(ParkedPlace.OfAccount(target));

        ParkedQueue? At(ParkedPlace place) =>
            _queues.TryGetValue(place, out var queue) && !(isReturned && queue.LetsPass(record)) ? queue : null;
    }

    /// <summary>Whether something of <paramref name="database"/> is parked. Asked for every record and every read.
    /// </summary>
    public bool Concerns(string database) => _databases.ContainsKey(database);

    /// <summary>Puts a record that met <paramref name="verdict"/> among those parked for the same reason.</summary>
    public ParkedQueue Park(MirroredRecord record, VerdictKind verdict)
    {
        var place = verdict switch
        {
            VerdictKind.ParkDatabase => ParkedPlace.OfDatabase(record.Target),
            VerdictKind.ParkRetentionPolicy => ParkedPlace.OfRetentionPolicy(record.Target),
            VerdictKind.ParkAccount => ParkedPlace.OfAccount(record.Target),
            _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "Not a reason to park."),
        };
        if (!_queues.TryGetValue(place, out var queue))
            Add(queue = new ParkedQueue(place));
        var before = queue.Records.Last;
        while (before is not null && before.Value.Position > record.Position)
            before = before.Previous;
        if (before is null)
            queue.Records.AddFirst(record);
        else
            queue.Records.AddAfter(before, record);
        return queue;
    }

    /// <summary>Takes out a record, wherever it is parked; null when it is not.</summary>
    public ParkedQueue? Remove(MirroredRecord record)
    {
        foreach (var place in ParkedPlace.All(record.Target))
        {
            if (!_queues.TryGetValue(place, out var queue) || queue.Records.FindLast(record) is not { } node)
                continue;
            queue.Records.Remove(node);
            RemoveIfEmpty(queue);
            return queue;
        }

        return null;
    }

    /// <summary>Takes out a record that is on disk only; null when it is not parked so.</summary>
    public ParkedQueue? RemoveOnDisk(MirroredRecord record)
    {
        foreach (var place in ParkedPlace.All(record.Target))
        {
            if (!_queues.TryGetValue(place, out var queue) || !queue.OnDisk.Remove(record))
                continue;
            RemoveIfEmpty(queue);
            return queue;
        }

        return null;
    }

    /// <summary>
    /// Leaves the newest records of a queue to the disk: so many bytes of them, and all but so many records at most.
    /// Those that were left, to be let go.
    /// </summary>
    public static List<MirroredRecord> Spill(ParkedQueue queue, long bytes, int keep)
    {
        List<MirroredRecord> spilled = [];
        while (bytes > 0 && queue.Records.Count > keep)
        {
            var record = queue.Records.Last!.Value;
            queue.Records.RemoveLast();
            bytes -= record.Size;
            spilled.Add(record);
        }

        foreach (var record in spilled)
            queue.OnDisk.Add(record);
        return spilled;
    }

    /// <summary>Forgets a queue that has become empty.</summary>
    public void RemoveIfEmpty(ParkedQueue queue)
    {
        if (queue is not { Records.Count: 0, OnDisk.Count: 0, OnTrial: null, IsRestored: false }
            || !_queues.Remove(queue.Place))
            return;
        var database = queue.Place.Database;
        if (--CollectionsMarshal.GetValueRefOrAddDefault(_databases, database, out _) == 0)
            _databases.Remove(database);
    }

    private void Add(ParkedQueue queue)
    {
        if (_queues.TryAdd(queue.Place, queue))
            CollectionsMarshal.GetValueRefOrAddDefault(_databases, queue.Place.Database, out _)++;
    }
}

/// <summary>What has to be repaired before parked records can go on.</summary>
/// <param name="Database">The database.</param>
/// <param name="RetentionPolicy">Its retention policy that is missing; empty for the default one.</param>
/// <param name="Account">The account that may not write there, as <see cref="WriteTarget.AccountHash"/>.</param>
internal readonly record struct ParkedPlace(string Database, string? RetentionPolicy, string? Account)
{
    /// <summary>The verdict that leads there.</summary>
    [JsonIgnore]
    public VerdictKind Reason => this switch
    {
        { Account: not null } => VerdictKind.ParkAccount,
        { RetentionPolicy: not null } => VerdictKind.ParkRetentionPolicy,
        _ => VerdictKind.ParkDatabase,
    };

    public static ParkedPlace[] All(WriteTarget target) =>
        [OfDatabase(target), OfRetentionPolicy(target), OfAccount(target)];

    public static ParkedPlace OfDatabase(WriteTarget target) => new(target.Database, null, null);

    public static ParkedPlace OfRetentionPolicy(WriteTarget target) =>
        new(target.Database, target.RetentionPolicy ?? "", null);

    public static ParkedPlace OfAccount(WriteTarget target) => new(target.Database, null, target.AccountHash);
}

/// <summary>Records parked for one reason, in journal order.</summary>
internal sealed class ParkedQueue(ParkedPlace place)
{
    public ParkedPlace Place { get; } = place;

    public VerdictKind Reason { get; } = place.Reason;

    public LinkedList<MirroredRecord> Records { get; } = new();

    /// <summary>Newer ones, of which only the journal on disk has the bytes.</summary>
    public ParkedOnDisk OnDisk { get; } = new();

    /// <summary>It is from before the start, and more may come of it; it stays when it is empty.</summary>
    public bool IsRestored { get; set; }

    /// <summary>When the oldest of them was appended, see <see cref="Journal.JournalRecord.AppendedAt"/>.</summary>
    public long? OldestAt => (OnTrial ?? Records.First?.Value)?.AppendedAt ?? OnDisk.OldestAt;

    /// <summary>The obstacle is gone, and those on disk are on their way to their lane.</summary>
    public bool IsReturning { get; set; }

    /// <summary>Whether a record that is on its way back need not wait: nothing here is before it.</summary>
    public bool LetsPass(MirroredRecord record) =>
        IsReturning && (OnDisk.Count == 0 || OnDisk.First > record.Position);

    /// <summary>The first of those on disk is to be read and sent on trial.</summary>
    public bool AwaitsTrial { get; set; }

    /// <summary>When it was tried last, of those that have nothing in memory: a number that grows.</summary>
    public long TriedAt { get; set; }

    /// <summary>The first of them, while it is sent to find out whether they may follow; null otherwise.</summary>
    public MirroredRecord? OnTrial { get; set; }

    /// <summary>What happened meanwhile may have repaired it: try once more when the present try ends.</summary>
    public bool TryAgain { get; set; }
}
