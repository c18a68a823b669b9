using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace InfluxMirror.LineProtocol;

/// <summary>Looks for a tag key that occurs twice in one line.</summary>
internal static class TagKeys
{
    private const int KeysOnStack = 64;

    /// <param name="line">A line whose tags were found well formed.</param>
    /// <param name="firstTag">Offset of the first tag key.</param>
    /// <param name="count">How many tags there are.</param>
    public static bool HaveDuplicate(ReadOnlySpan<byte> line, int firstTag, int count)
    {
        if (count < 2)
            return false;

        TagKey previous = KeyAt(line, firstTag);
        for (int tag = 1; tag < count; tag++)
        {
            TagKey key = KeyAt(line, NextTag(line, previous));
            int order = Compare(line, previous, key);
            if (order == 0)
                return true;
            if (order > 0)
                return HaveDuplicateUnsorted(line, firstTag, count);
            previous = key;
        }

        return false;
    }

    /// <summary>Whether the tags of the line are well formed and their keys differ.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Differ(ReadOnlySpan<byte> line) => SeriesText.Scan(line, out _) == LineFault.None;

    /// <summary>The start of a key as a number that sorts as the key does; equal for keys that start alike.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Prefix(ref byte key, int length)
    {
        ulong bytes = Unsafe.ReadUnaligned<ulong>(ref key);
        if (BitConverter.IsLittleEndian)
            bytes = BinaryPrimitives.ReverseEndianness(bytes);
        int spare = (sizeof(ulong) - length) * 8;
        spare &= ~(spare >> 31);
        return bytes >> spare << spare;
    }

    private static bool HaveDuplicateUnsorted(ReadOnlySpan<byte> line, int firstTag, int count)
    {
        TagKey[]? rented = count <= KeysOnStack ? null : ArrayPool<TagKey>.Shared.Rent(count);
        Span<TagKey> keys = rented ?? stackalloc TagKey[KeysOnStack];
        keys = keys[..count];
        keys[0] = KeyAt(line, firstTag);
        for (int tag = 1; tag < count; tag++)
            keys[tag] = KeyAt(line, NextTag(line, keys[tag - 1]));

        HeapSort(line, keys);
        bool found = false;
        for (int tag = 1; tag < count && !found; tag++)
            found = Compare(line, keys[tag - 1], keys[tag]) == 0;

        if (rented is not null)
            ArrayPool<TagKey>.Shared.Return(rented);
        return found;
    }

    // A library sort would box its comparer, which has to see the line; and nothing here may be quadratic.
    private static void HeapSort(ReadOnlySpan<byte> line, Span<TagKey> keys)
    {
        for (int root = keys.Length / 2 - 1; root >= 0; root--)
            SiftDown(line, keys, root);
        for (int last = keys.Length - 1; last > 0; last--)
        {
            (keys[0], keys[last]) = (keys[last], keys[0]);
            SiftDown(line, keys[..last], 0);
        }
    }

    private static void SiftDown(ReadOnlySpan<byte> line, Span<TagKey> keys, int root)
    {
        while (root * 2 + 1 < keys.Length)
        {
            int child = root * 2 + 1;
            if (child + 1 < keys.Length && Compare(line, keys[child], keys[child + 1]) < 0)
                child++;
            if (Compare(line, keys[root], keys[child]) >= 0)
                return;
            (keys[root], keys[child]) = (keys[child], keys[root]);
            root = child;
        }
    }

    private static TagKey KeyAt(ReadOnlySpan<byte> line, int start) =>
        new(start, SeriesText.EndOfTagPart(line, start));

    private static int NextTag(ReadOnlySpan<byte> line, TagKey key) =>
        SeriesText.EndOfTagPart(line, key.End + 1) + 1;

    private static int Compare(ReadOnlySpan<byte> line, TagKey left, TagKey right) =>
        line[left.Start..left.End].SequenceCompareTo(line[right.Start..right.End]);

    private readonly record struct TagKey(int Start, int End);
}
