using System.Text;
using CsCheck;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>Headers, frames and cursors as bytes.</summary>
public sealed class FormatTests
{
    private static readonly SegmentHeader Header = new(7, 0xFEDCBA9876543210, 41, 40, 6, 123_456, 120_000);
    private static readonly FrameHeader Frame = new(41, 200, 12, 3456, 8192, 0xDEADBEEF, 0x12345678);

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xE3069283u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x22620404u)]
    public void The_checksum_is_CRC32C(string text, uint expected) =>
        Assert.Equal(expected, Crc32C.Of(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_checksum_can_be_continued_anywhere() =>
        Gen.Select(Gen.Byte.Array[0, 100], Gen.Byte.Array[0, 100])
            .Sample((left, right) => Crc32C.Of([.. left, .. right]) == Crc32C.Of(right, Crc32C.Of(left)));

    [Fact]
    public void A_header_is_read_as_written()
    {
        Assert.True(SegmentFormat.TryDecode(SegmentFormat.Encode(Header), out SegmentHeader read));
        Assert.Equal(Header, read);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public void One_damaged_copy_of_a_header_costs_nothing(int page)
    {
        byte[] bytes = SegmentFormat.Encode(Header);
        bytes.AsSpan(page, 4096).Clear();
        Assert.True(SegmentFormat.TryDecode(bytes, out SegmentHeader read));
        Assert.Equal(Header, read);
    }

    [Fact]
    public void Any_flipped_bit_in_both_copies_of_a_header_is_noticed()
    {
        byte[] good = SegmentFormat.Encode(Header);
        for (int bit = 0; bit < 72 * 8; bit++)
        {
            byte[] bytes = [.. good];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            bytes[4096 + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Assert.False(SegmentFormat.TryDecode(bytes, out _), $"bit {bit}");
        }
    }

    [Fact]
    public void A_frame_is_read_as_written_and_any_flipped_bit_is_noticed()
    {
        var bytes = new byte[RecordFormat.FrameLength];
        RecordFormat.Write(bytes, Header.Key, Frame);
        Assert.True(RecordFormat.TryRead(bytes, Header.Key, out FrameHeader read));
        Assert.Equal(Frame, read);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(RecordFormat.TryRead(bytes, Header.Key, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_frame_of_another_generation_is_none_even_with_the_same_salt()
    {
        var bytes = new byte[RecordFormat.FrameLength];
        RecordFormat.Write(bytes, Header.Key, Frame);
        Assert.False(RecordFormat.TryRead(bytes, (Header with { Generation = 8 }).Key, out _));
    }

    [Fact]
    public void Sizes_are_multiples_of_eight_that_hold_the_record() =>
        Gen.Select(Gen.Int[0, 70_000], Gen.Int[0, 70_000]).Sample((header, body) =>
        {
            long size = RecordFormat.Size(header, body);
            Assert.Equal(0, size % 8);
            Assert.InRange(size - RecordFormat.FrameLength - header - body, 0, 7);
        });

    [Fact]
    public void A_cursor_is_read_as_written_and_any_flipped_bit_or_cut_is_noticed()
    {
        var state = new CursorState(17, [new PositionRange(20, 22), new PositionRange(90, 90)], new byte[] { 1, 2, 3 });
        byte[] bytes = CursorFormat.Encode("servér/1", state);
        Assert.True(CursorFormat.TryDecode(bytes, out string name, out CursorState read));
        Assert.Equal(
            ("servér/1", 17L, "010203"),
            (name, read.LowWaterMark, Convert.ToHexString(read.Extra.Span)));
        Assert.Equal(state.Completed, read.Completed);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(CursorFormat.TryDecode(bytes, out _, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < bytes.Length; length++)
            Assert.False(CursorFormat.TryDecode(bytes.AsSpan(0, length), out _, out _), $"{length} bytes");
    }

    [Fact]
    public void Completed_ranges_survive_the_way_to_disk_and_back() =>
        Gen.Select(Gen.Long[0, 50], Gen.Long[1, 200].Array[0, 60]).Sample((low, done) =>
        {
            var ranges = new InfluxMirror.Journal.CompletedRanges(low);
            foreach (long position in done)
                ranges.Add(position);
            CursorState state = CursorState.Of(ranges);
            InfluxMirror.Journal.CompletedRanges back = state.ToRanges();
            Assert.Equal(ranges.LowWaterMark, back.LowWaterMark);
            for (long position = 0; position <= 201; position++)
                Assert.Equal(ranges.Contains(position), back.Contains(position));
        });
}
