using System.Buffers;

namespace InfluxMirror.LineProtocol;

/// <summary>A growing list of offsets in pooled memory, to be cleared and used again.</summary>
public sealed class InsertionPoints : IDisposable
{
    private const int InitialCapacity = 256;

    private int[] _offsets = [];

    /// <summary>How many offsets there are.</summary>
    public int Count { get; private set; }

    /// <summary>The offsets, ascending; valid until the next change of the list.</summary>
    public ReadOnlySpan<int> AsSpan() => _offsets.AsSpan(0, Count);

    /// <summary>Forgets the offsets and keeps the memory.</summary>
    public void Clear() => Count = 0;

    /// <summary>Appends an offset.</summary>
    public void Add(int offset)
    {
        if (Count == _offsets.Length)
            Grow();
        _offsets[Count++] = offset;
    }

    /// <summary>Gives the memory back; the list is empty afterwards and may be used again.</summary>
    public void Dispose()
    {
        Count = 0;
        int[] offsets = _offsets;
        _offsets = [];
        if (offsets.Length > 0)
            ArrayPool<int>.Shared.Return(offsets);
    }

    private void Grow()
    {
        int[] larger = ArrayPool<int>.Shared.Rent(Math.Max(InitialCapacity, _offsets.Length * 2));
        AsSpan().CopyTo(larger);
        int[] smaller = _offsets;
        _offsets = larger;
        if (smaller.Length > 0)
            ArrayPool<int>.Shared.Return(smaller);
    }
}
