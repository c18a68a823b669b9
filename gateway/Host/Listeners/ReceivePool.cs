using System.Buffers;
using System.Runtime.InteropServices;

namespace Gateway.Listeners;

/// <summary>
/// The memory connections receive into: blocks of 64 KiB where Kestrel's own pool has 4 KiB, which halves the cost of
/// large bodies (fewer system calls, fewer segments to walk). Blocks are pinned, and kept for the next user up to a
/// bound; what stayed unused from one trim to the next is given back to the runtime.
/// </summary>
internal sealed class ReceivePool : MemoryPool<byte>
{
    /// <summary>Bytes in a block.</summary>
    public const int BlockSize = 64 * 1024;

    /// <summary>Blocks kept for reuse, 16 MiB. More can be in use; they are let go when returned.</summary>
    public const int MaxKept = 256;

    /// <summary>Time between trims.</summary>
    public static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _kept = new();
    private readonly ITimer _trimmer;
    private int _leastKept;
    private bool _disposed;

    public ReceivePool(TimeProvider time) =>
        _trimmer = time.CreateTimer(static pool => ((ReceivePool)pool!).Trim(), this, TrimInterval, TrimInterval);

    public override int MaxBufferSize => BlockSize;

    /// <summary>Blocks that wait for a user now.</summary>
    internal int Kept
    {
        get
        {
            lock (_gate)
                return _kept.Count;
        }
    }

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        byte[]? array;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_kept.TryPop(out array))
                _leastKept = Math.Min(_leastKept, _kept.Count);
        }
        return new Block(this, array ?? GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true));
    }

    protected override void Dispose(bool disposing)
    {
        _trimmer.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _kept.Clear();
        }
    }

    private void Return(byte[] array)
    {
        lock (_gate)
            if (!_disposed && _kept.Count < MaxKept)
                _kept.Push(array);
    }

    // The lowest count since the last trim is what nobody needed in all that time.
    private void Trim()
    {
        lock (_gate)
        {
            for (int unused = _leastKept; unused > 0; unused--)
                _kept.Pop();
            _leastKept = _kept.Count;
        }
    }

    // A new owner for each use: one that is disposed of twice by mistake cannot give away a block that has another
    // user by then.
    private sealed class Block(ReceivePool pool, byte[] array) : IMemoryOwner<byte>
    {
        private byte[]? _array = array;

        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(array, 0, array.Length);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } returned)
                pool.Return(returned);
        }
    }
}
