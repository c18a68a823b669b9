namespace InfluxMirror.Journal.Disk;

/// <summary>A record on its way into the log.</summary>
public sealed class LogEntry
{
    private const int Claimed = 1;
    private const int LeftOut = 2;

    private readonly SharedBuffer _body;
    private int _cancelledIn;
    private volatile bool _cancelled;
    private int _fate;
    private volatile bool _isSafe;
    private long _askedAt;
    private long _firstAskedAt;
    private Action<bool>? _waiting;

    /// <summary>
    /// A record of <paramref name="kind"/>. The log takes a reference to <paramref name="body"/> while it needs it;
    /// <paramref name="header"/> must not change any more.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The header has 16 MiB or more.</exception>
    public LogEntry(byte kind, ReadOnlyMemory<byte> header, SharedBuffer body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(header.Length, RecordFormat.MaxHeaderLength);
        Kind = kind;
        Header = header;
        _body = body;
        Size = RecordFormat.Size(header.Length, body.Length);
    }

    /// <summary>The caller's.</summary>
    public byte Kind { get; }

    /// <summary>The caller's.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>It is taken even where the limit leaves room only for few, small and important ones.</summary>
    public bool IsVital { get; init; }

    /// <summary>Its place in the log; 0 before it is appended.</summary>
    public long Position { get; internal set; }

    /// <summary>Bytes it takes on disk.</summary>
    public long Size { get; }

    internal ReadOnlyMemory<byte> Body => _body.Memory;

    internal bool IsCancelled => _cancelled;

    /// <summary>It will not be written, and its body is gone.</summary>
    internal bool IsLeftOut => Volatile.Read(ref _fate) == LeftOut;

    /// <summary>
    /// Since when somebody waits for it, a timestamp of <see cref="System.Diagnostics.Stopwatch"/>; 0 for nobody.
    /// </summary>
    internal long AskedAt => Volatile.Read(ref _askedAt);

    /// <summary>Since when somebody has waited for it, whether he still does or not; 0 if nobody ever did.</summary>
    internal long FirstAskedAt => Volatile.Read(ref _firstAskedAt);

    /// <summary>
    /// Nobody needs it any more: it is not written unless that has begun, and unless what is on disk may be read again
    /// after a crash (<see cref="LogCore.MayRepeat"/>). Its position stays empty.
    /// </summary>
    /// <param name="epoch">That of the log's <see cref="Coverage"/>.</param>
    internal void Cancel(int epoch)
    {
        _cancelledIn = epoch;
        _cancelled = true;
    }

    /// <summary>It was cancelled in an epoch before this one.</summary>
    internal bool IsCancelledBefore(int epoch) => _cancelled && _cancelledIn < epoch;

    internal void Hold() => _body.AddReference();

    internal void LetGo() => _body.Release();

    /// <summary>It is going to be written, whatever is said from now on; false when it was left out.</summary>
    internal bool TryClaim() => Interlocked.CompareExchange(ref _fate, Claimed, 0) == 0;

    /// <summary>
    /// It is not going to be written, which is as good as safe: whoever waits hears so, and its body need not stay.
    /// False when it is being written.
    /// </summary>
    internal bool TryLeaveOut()
    {
        if (Interlocked.CompareExchange(ref _fate, LeftOut, 0) != 0)
            return IsLeftOut;
        LetGo();
        Answer(isSafe: true);
        return true;
    }

    /// <summary>
    /// Calls <paramref name="waiting"/> with the next <see cref="Answer"/>, also with one that it is safe given before.
    /// </summary>
    /// <returns>Whether nobody waited for it until now.</returns>
    internal bool Ask(long now, Action<bool> waiting)
    {
        var seen = Volatile.Read(ref _waiting);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _waiting, seen + waiting, seen);
            if (ReferenceEquals(before, seen))
                break;
            seen = before;
        }

        Interlocked.CompareExchange(ref _firstAskedAt, now, 0);
        var isFirst = Interlocked.CompareExchange(ref _askedAt, now, 0) == 0;
        // Whoever answered before this moment did not see it.
        if (_isSafe)
            Answer(isSafe: true);
        return isFirst;
    }

    /// <summary>It is safe, for good; or it cannot be made safe now.</summary>
    internal void Answer(bool isSafe)
    {
        if (isSafe)
            _isSafe = true;
        Volatile.Write(ref _askedAt, 0);
        Interlocked.Exchange(ref _waiting, null)?.Invoke(isSafe);
    }
}
