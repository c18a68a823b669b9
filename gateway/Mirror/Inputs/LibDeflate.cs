using System.Buffers.Binary;
using System.Runtime.InteropServices;
using InfluxMirror.Journal;
using Microsoft.Win32.SafeHandles;

namespace InfluxMirror.Inputs;

/// <summary>
/// libdeflate, where the system has it (Debian's <c>libdeflate0</c>): a gzip body that is there whole takes it two
/// thirds of the time that zlib takes.
/// </summary>
internal static partial class LibDeflate
{
    private const string Library = "libdeflate.so.0";

    /// <summary>A gzip member without a byte in it (RFC 1952): header, an empty block, checksum and size.</summary>
    private const int ShortestMember = 20;

    /// <summary>Of a member's flags, that it has a name: the only one that goes by without a check.</summary>
    private const int HasName = 8;

    /// <summary>A body is believed to be so many times its size; one that says more is inflated bit by bit.</summary>
    private const long MostGrowth = 64;

    // Not shared: it has working memory.
    [ThreadStatic]
    private static Decompressor? _own;

    /// <summary>The system has it.</summary>
    public static bool IsAvailable { get; } =
        NativeLibrary.TryLoad(Library, typeof(LibDeflate).Assembly, DllImportSearchPath.SafeDirectories, out _);

    /// <summary>
    /// Inflates a body of one member that is right in all and no longer than <paramref name="limit"/>; null for any
    /// other, which says nothing about it. Only where it is available.
    /// </summary>
    public static SharedBuffer? TryInflate(ReadOnlySpan<byte> gzip, int limit)
    {
        if (gzip.Length < ShortestMember || (gzip[3] & ~HasName) != 0)
            return null;
        // It ends with its size before compression, which may be anything.
        var length = BinaryPrimitives.ReadUInt32LittleEndian(gzip[^sizeof(uint)..]);
        if (length == 0 || length > limit || length > gzip.Length * MostGrowth)
            return null;
        _own ??= new Decompressor();
        if (_own.IsInvalid)
            return null;
        var buffer = SharedBuffer.Rent((int)length);
        var result = Decompress(
            _own, in MemoryMarshal.GetReference(gzip), (nuint)gzip.Length,
            ref MemoryMarshal.GetReference(buffer.Block.Span), length, out var taken, out var given);
        if (result == 0 && taken == (nuint)gzip.Length && given == length)
        {
            buffer.Length = (int)length;
            return buffer;
        }

        buffer.Release();
        return null;
    }

    [LibraryImport(Library, EntryPoint = "libdeflate_alloc_decompressor")]
    private static partial nint Allocate();

    [LibraryImport(Library, EntryPoint = "libdeflate_free_decompressor")]
    private static partial void Free(nint decompressor);

    [LibraryImport(Library, EntryPoint = "libdeflate_gzip_decompress_ex")]
    private static partial int Decompress(
        Decompressor decompressor, in byte from, nuint fromLength, ref byte to, nuint toLength, out nuint taken,
        out nuint given);

    /// <summary>Goes with its thread.</summary>
    private sealed class Decompressor : SafeHandleZeroOrMinusOneIsInvalid
    {
        public Decompressor()
            : base(ownsHandle: true) => SetHandle(Allocate());

        protected override bool ReleaseHandle()
        {
            Free(handle);
            return true;
        }
    }
}
