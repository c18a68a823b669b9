using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>The letters there are, without their bodies: what a log of letters amounts to. Not safe for threads.
/// </summary>
/// <param name="overhead">Bytes that a letter counts beside its body.</param>
internal sealed class LetterIndex(int overhead)
{
    private readonly SortedDictionary<long, DeadLetter> _letters = [];
    private readonly Dictionary<(string Destination, long Position), long> _origins = [];

    /// <summary>The letters, oldest first.</summary>
    public IReadOnlyCollection<DeadLetter> Letters => _letters.Values;

    /// <summary>Bytes they count.</summary>
    public long Bytes { get; private set; }

    /// <summary>No letter was of a record of the journal above this position.</summary>
    public long NewestRecord { get; private set; }

    /// <summary>The oldest letter; null when there is none.</summary>
    public DeadLetter? Oldest => _letters.Count > 0 ? _letters.First().Value : null;

    /// <summary>A letter; null when there is none of that number.</summary>
    public DeadLetter? Find(long id) => _letters.GetValueOrDefault(id);

    /// <summary>
    /// The letter of a record of the journal: a record may be refused again after a restart. 0 when there is none.
    /// </summary>
    public long Of(string destination, long position) => _origins.GetValueOrDefault(OriginOf(destination, position));

    /// <summary>Takes in what was read from the log, in order. The body's reference stays the caller's.</summary>
    /// <exception cref="InvalidDataException">It is of a version this program does not know.</exception>
    public void Apply(LogRecord found)
    {
        switch (found.Kind)
        {
            case LetterFormat.Letter:
                Add(LetterFormat.Describe(found.Position, LetterFormat.NoteOf(found), LetterFormat.RecordOf(found)));
                break;
            case LetterFormat.Change:
                var note = LetterFormat.NoteOf(found);
                Change(note.Id, note.Reason, note.Rejected);
                break;
            case LetterFormat.Removal:
                Remove(LetterFormat.RemovedBy(found));
                break;
            default:
                throw new InvalidDataException($"The entry at {found.Position} is of an unknown kind.");
        }
    }

    public void Add(DeadLetter letter)
    {
        _letters[letter.Id] = letter;
        Bytes += overhead + letter.Bytes;
        NewestRecord = Math.Max(NewestRecord, letter.Position);
        if (letter.Position > 0)
            _origins[OriginOf(letter.Destination, letter.Position)] = letter.Id;
    }

    public void Change(long id, string reason, int rejected)
    {
        if (_letters.TryGetValue(id, out var letter))
            _letters[id] = letter with { Reason = reason, Rejected = rejected };
    }

    public bool Remove(long id)
    {
        if (!_letters.Remove(id, out var letter))
            return false;
        Bytes -= overhead + letter.Bytes;
        _origins.Remove(OriginOf(letter.Destination, letter.Position));
        return true;
    }

    // The case of letters in a destination's name makes no difference.
    private static (string, long) OriginOf(string destination, long position) =>
        (destination.ToUpperInvariant(), position);
}
