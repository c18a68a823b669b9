namespace InfluxMirror.Journal.Disk;

/// <summary>
/// What of a log a reader would get again after a crash: what is written, and not covered by the saved places of all
/// its readers. Safe for any number of threads.
/// </summary>
/// <param name="written">The highest position that may be on disk.</param>
internal sealed class Coverage(long written)
{
    private readonly Lock _gate = new();
    private long _written = written;
    private long _due;
    private long _covered;
    private int _epoch;

    /// <inheritdoc cref="LogCore.Written"/>
    public long Written => Math.Max(Interlocked.Read(ref _written), Interlocked.Read(ref _due));

    /// <summary>All that is to be written in any case is covered, whether it is written yet or not.</summary>
    public bool IsDueCovered => IsCovered(Interlocked.Read(ref _due));

    /// <inheritdoc cref="LogCore.MayRepeat"/>
    public bool MayRepeat => !IsCovered(Written);

    /// <summary>
    /// Grows when a reader comes that gets again what nobody got before. What was cancelled in an earlier epoch may be
    /// left out at any time: it was acknowledged because everybody has it and nothing would be read again, and what is
    /// older with it; written, it might come behind. The reader that came is not concerned: what it lacks could not be
    /// cancelled. It is by what is cancelled later, over an older value that it gets again.
    /// </summary>
    public int Epoch => Volatile.Read(ref _epoch);

    /// <summary>Nothing up to <paramref name="position"/> is read again.</summary>
    public bool IsCovered(long position) => position <= Interlocked.Read(ref _covered);

    /// <inheritdoc cref="LogCore.MarkDue"/>
    public void MarkDue(long position)
    {
        lock (_gate)
            Interlocked.Exchange(ref _due, Math.Max(_due, position));
    }

    /// <inheritdoc cref="LogCore.Cover"/>
    public void Cover(long through)
    {
        lock (_gate)
            Interlocked.Exchange(ref _covered, Math.Max(_covered, through));
    }

    /// <inheritdoc cref="LogCore.Uncover"/>
    public void Uncover(long through)
    {
        lock (_gate)
        {
            if (through >= _covered)
                return;
            if (!MayRepeat)
                Volatile.Write(ref _epoch, _epoch + 1);
            Interlocked.Exchange(ref _covered, through);
        }
    }

    /// <summary>
    /// Takes it that all up to <paramref name="given"/> is written, until <see cref="EndStep"/> says what is. What is
    /// written so far, whether that is covered, and the epoch, as they are at that moment.
    /// </summary>
    public (long Written, bool IsCovered, int Epoch) BeginStep(long given)
    {
        lock (_gate)
        {
            var before = Written;
            Interlocked.Exchange(ref _written, given);
            return (before, IsCovered(before), _epoch);
        }
    }

    /// <summary>So far it is written.</summary>
    public void EndStep(long written) => Interlocked.Exchange(ref _written, written);
}
