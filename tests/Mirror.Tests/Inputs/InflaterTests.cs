using System.Text;
using InfluxMirror.Inputs;
using InfluxMirror.Journal;
using InfluxMirror.Tests.Delivery;
using InfluxMirror.Tests.Writes;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

public abstract class InflaterTests
{
    private readonly Inflater _inflater;

    private protected InflaterTests(bool usesLibDeflate)
    {
        MirrorOptions options = new();
        options.Writes.MaxBodySize = 100_000;
        _inflater = new(new FixedOptions(options)) { UsesLibDeflate = usesLibDeflate };
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(100_000)]
    public void Gzip_up_to_the_limit_is_inflated(int size) =>
        Assert.Equal(Bytes(size), Inflate(Records.Gzip(Bytes(size))).Body!.Span);

    [Theory]
    [InlineData(100_001)]
    [InlineData(50_000_000)]
    public void More_after_inflation_is_413(int size)
    {
        BodyResult result = Inflate(Records.Gzip(new byte[size]));

        Assert.Equal((413, "Request Entity Too Large"), (result.Status, result.Error));
    }

    [Fact]
    public void Several_members_are_one_body()
    {
        byte[] members =
            [.. Records.Gzip("a v=1\n"u8.ToArray()), .. Records.Gzip([]), .. Records.Gzip("b v=2"u8.ToArray())];

        Assert.Equal("a v=1\nb v=2", Encoding.UTF8.GetString(Inflate(members).Body!.Span));
    }

    [Fact]
    public void What_is_no_gzip_is_400() => Assert.Equal(400, Inflate("m v=1 1"u8.ToArray()).Status);

    [Fact]
    public void Gzip_that_breaks_off_is_400_wherever_it_does()
    {
        byte[] whole = Records.Gzip(Bytes(5_000));

        int[] taken =
            [.. Enumerable.Range(1, whole.Length - 1).Where(length => Inflate(whole[..length]).Status != 400)];

        Assert.Empty(taken);
    }

    [Fact]
    public void Gzip_is_whole_wherever_its_members_end()
    {
        // Around the sizes of the blocks in which it is read.
        foreach (int size in (int[])[8_192, 16_384])
        {
            for (int length = size - 60; length < size + 10; length++)
                Assert.Equal(Bytes(length), Inflate(Records.Gzip(Bytes(length))).Body!.Span);
        }
    }

    [Fact]
    public void Gzip_followed_by_something_else_is_400() =>
        Assert.Equal(400, Inflate([.. Records.Gzip(Bytes(100)), .. "garbage"u8]).Status);

    [Fact]
    public void Inflating_leaves_the_gzip_body_as_it_was()
    {
        byte[] whole = Records.Gzip(Bytes(100));
        SharedBuffer compressed = SharedBuffer.Copy(whole);

        _inflater.Inflate(compressed);

        Assert.Equal(whole, compressed.Span);
    }

    [Fact]
    public void Gzip_with_a_wrong_checksum_is_400()
    {
        byte[] whole = Records.Gzip(Bytes(5_000));
        whole[^6] ^= 1;

        Assert.Equal(400, Inflate(whole).Status);
    }

    private BodyResult Inflate(byte[] bytes) => _inflater.Inflate(SharedBuffer.Copy(bytes));

    private static byte[] Bytes(int size)
    {
        byte[] bytes = new byte[size];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}

/// <summary>Where the system has nothing else.</summary>
public sealed class ZlibInflaterTests() : InflaterTests(usesLibDeflate: false);

/// <summary>With Debian's libdeflate0.</summary>
public sealed class LibDeflateInflaterTests : InflaterTests
{
    public LibDeflateInflaterTests()
        : base(usesLibDeflate: true)
    {
        const string reason = "libdeflate is not installed: it comes with Debian's package libdeflate0";
        if (LibDeflate.IsAvailable)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
    }

    [Fact]
    public void Lines_of_one_member_are_inflated_by_it_and_by_nothing_else()
    {
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(static i => $"m v={i} {i}\n")));

        Assert.Equal(lines, LibDeflate.TryInflate(Records.Gzip(lines), lines.Length)!.Span);
        Assert.Null(LibDeflate.TryInflate(Records.Gzip(lines), lines.Length - 1));
        // What goes to zlib has a mark behind it.
        Assert.Equal((false, true), (IsMarked(usesLibDeflate: true), IsMarked(usesLibDeflate: false)));

        bool IsMarked(bool usesLibDeflate)
        {
            byte[] gzip = Records.Gzip(lines);
            SharedBuffer body = SharedBuffer.Rent(2 * gzip.Length);
            body.Block.Span.Clear();
            gzip.CopyTo(body.Block);
            body.Length = gzip.Length;
            Inflater inflater = new(new FixedOptions(new MirrorOptions())) { UsesLibDeflate = usesLibDeflate };
            Assert.Equal(lines, inflater.Inflate(body).Body!.Span);
            return body.Block.Span[gzip.Length..].ContainsAnyExcept((byte)0);
        }
    }

    [Fact]
    public void A_size_that_is_not_believed_costs_no_memory()
    {
        byte[] whole = Records.Gzip("m v=1"u8.ToArray());
        whole[^2] = 0x7f;

        Assert.Null(LibDeflate.TryInflate(whole, int.MaxValue));
        Assert.Null(LibDeflate.TryInflate(Records.Gzip(new byte[50_000]), int.MaxValue));
    }

    [Fact]
    public void What_it_would_not_check_is_left_to_zlib()
    {
        byte[] whole = Records.Gzip("m v=1"u8.ToArray());
        Assert.NotNull(LibDeflate.TryInflate(whole, 100));
        // A checksum of the header, which is wrong.
        byte[] marked = [.. whole[..3], 2, .. whole[4..10], 0, 0, .. whole[10..]];
        Assert.Null(LibDeflate.TryInflate(marked, 100));
    }

    [Fact]
    public void Whatever_is_damaged_is_answered_as_zlib_does()
    {
        Random random = new(7);
        byte[] whole = Records.Gzip(Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 500).Select(static i => $"cpu,host=h{i % 7} v={i}i {i}\n"))));
        Inflater zlib = new(new FixedOptions(new MirrorOptions())) { UsesLibDeflate = false };
        Inflater both = new(new FixedOptions(new MirrorOptions())) { UsesLibDeflate = true };
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. whole.AsSpan(0, random.Next(3) == 0 ? random.Next(1, whole.Length) : whole.Length)];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            BodyResult expected = zlib.Inflate(SharedBuffer.Copy(damaged));
            BodyResult found = both.Inflate(SharedBuffer.Copy(damaged));
            Assert.Equal((expected.Status, expected.Error), (found.Status, found.Error));
            Assert.Equal(expected.Body?.Memory.ToArray(), found.Body?.Memory.ToArray());
        }
    }
}
