using System.Buffers;

namespace InfluxMirror.Journal;

/// <summary>
/// A pooled block of bytes with several owners: every send to every destination reads the same block, and it goes
/// back to the pool when the last owner lets go. A send that was cancelled may still read it, so each holds its own
/// reference.
/// </summary>
public sealed class SharedBuffer
{
    private byte[] _array;
    private int _references = 1;

    private SharedBuffer(byte[] array) => _array = array;

    /// <summary>Bytes in use, from the start of the block.</summary>
    public int Length { get; set; }

    /// <summary>Bytes the block takes in memory.</summary>
    public int Capacity => _array.Length;

    /// <summary>The bytes in use.</summary>
    public ReadOnlyMemory<byte> Memory => _array.AsMemory(0, Length);

    /// <summary>The bytes in use.</summary>
    public ReadOnlySpan<byte> Span => _array.AsSpan(0, Length);

    /// <summary>The whole block, for whoever fills it.</summary>
    public Memory<byte> Block => _array;

    /// <summary>A stream over the bytes in use; the caller keeps its reference while it reads.</summary>
    public Stream OpenRead() => new MemoryStream(_array, 0, Length, writable: false);

    /// <summary>Takes a block of at least <paramref name="capacity"/> bytes from the pool; its length is 0.</summary>
    public static SharedBuffer Rent(int capacity) => new(ArrayPool<byte>.Shared.Rent(Math.Max(capacity, 64)));

    /// <summary>A block that holds a copy of <paramref name="bytes"/>.</summary>
    public static SharedBuffer Copy(ReadOnlySpan<byte> bytes)
    {
        var buffer = Rent(bytes.Length);
        bytes.CopyTo(buffer._array);
        buffer.Length = bytes.Length;
        return buffer;
    }

    /// <summary>
    /// Moves to a block of at least <paramref name="capacity"/> bytes; only while there is one owner.
    /// </summary>
    public void Grow(int capacity)
    {
        var larger = ArrayPool<byte>.Shared.Rent(capacity);
        Span.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }

    /// <summary>One more owner; only who owns it already may say so.</summary>
    public void AddReference()
    {
        var before = Volatile.Read(ref _references);
        while (true)
        {
            ObjectDisposedException.ThrowIf(before <= 0, this);
            var seen = Interlocked.CompareExchange(ref _references, before + 1, before);
            if (seen == before)
                return;
            before = seen;
        }
    }

    /// <summary>One owner less; the last one returns the block.</summary>
    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left > 0)
            return;
        var array = _array;
        _array = [];
        Length = 0;
        ArrayPool<byte>.Shared.Return(array);
    }
}
