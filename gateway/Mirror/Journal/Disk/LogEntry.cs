namespace InfluxMirror.Journal.Disk;

/// <summary>A record on its way into the log.</summary>
public sealed class LogEntry
{
    private readonly SharedBuffer _body;
    private volatile bool _cancelled;
    private volatile bool _isSafe;
    private long _askedAt;
    private TaskCompletionSource<bool>? _waiting;

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

    /// <summary>Its place in the log; 0 before it is appended.</summary>
    public long Position { get; internal set; }

    /// <summary>Bytes it takes on disk.</summary>
    public long Size { get; }

    internal ReadOnlyMemory<byte> Body => _body.Memory;

    internal bool IsCancelled => _cancelled;

    /// <summary>
    /// Since when somebody waits for it, a timestamp of <see cref="System.Diagnostics.Stopwatch"/>; 0 for nobody.
    /// </summary>
    internal long AskedAt => Volatile.Read(ref _askedAt);

    /// <summary>
    /// Nobody needs it any more: it is not written unless that has begun, and unless what is on disk may be read again
    /// after a crash (<see cref="LogCore.MayRepeat"/>). Its position stays empty.
    /// </summary>
    public void Cancel() => _cancelled = true;

    internal void Hold() => _body.AddReference();

    internal void LetGo() => _body.Release();

    /// <summary>Completes with the next <see cref="Answer"/>, also with one that it is safe given before.</summary>
    internal Task<bool> WaitAsync(long now)
    {
        var mine = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = Interlocked.CompareExchange(ref _waiting, mine, null) ?? mine;
        Interlocked.CompareExchange(ref _askedAt, now, 0);
        // Whoever answered before this moment did not see it.
        if (_isSafe)
            Answer(isSafe: true);
        return waiting.Task;
    }

    /// <summary>It is safe, for good; or it cannot be made safe now.</summary>
    internal void Answer(bool isSafe)
    {
        if (isSafe)
            _isSafe = true;
        Volatile.Write(ref _askedAt, 0);
        Interlocked.Exchange(ref _waiting, null)?.TrySetResult(isSafe);
    }
}
