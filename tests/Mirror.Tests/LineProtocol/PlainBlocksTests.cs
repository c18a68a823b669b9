using System.Text;
using CsCheck;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

/// <summary>
/// The reading of many lines at once: where its blocks of 64 bytes, its groups of 256 or 512 and its chunks
/// meet.
/// </summary>
public sealed class PlainBlocksTests
{
    private const string Line = "disk,app=a,host=b used=1i,free=-0.5 1700000000000000000\n";

    // So much that all in front of it is read as one.
    private static readonly string Rest = string.Concat(Enumerable.Repeat(Line, 14));

    [Fact]
    public void Lines_of_numbers_are_read_as_the_reference_reads_them() =>
        Samples.PlainNumbers.Sample(body => ReferenceCheck.Agrees(body), iter: 150);

    [Fact]
    public void Odd_numbers_are_read_as_the_reference_reads_them() =>
        Samples.OddAndPlainNumbers.Sample(body => ReferenceCheck.Agrees(body), iter: 300);

    [Fact]
    public void Times_are_compared_with_the_range_of_their_precision() =>
        Gen.Select(Samples.OddAndPlainNumbers, Gen.Enum<Precision>())
            .Sample((body, precision) => ReferenceCheck.Agrees(body, precision), iter: 100);

    [Fact]
    public void A_changed_byte_changes_what_the_reference_says_it_changes() =>
        Gen.Select(
            Gen.OneOf("\n,= \\\"-.i5\0\t#\ré"u8.ToArray()), Gen.Int[0, 20 * 235], Gen.Int[0, 250]).Sample(
            (with, at, padding) =>
            {
                string line = $"disk,app=a0,az=eu,dc=d0,host=srv0,mode=rw free=9803726004i,used=45.264856,in={padding}";
                byte[] body = Encoding.ASCII.GetBytes(
                    $"{new string('m', padding + 1)} v=1\n"
                    + string.Concat(Enumerable.Repeat($"{line} 1700000000000000000\n{line}\n", 20)));
                body[at % body.Length] = with;
                ReferenceCheck.Agrees(body);
            },
            iter: 1_500);

    [Fact]
    public void A_number_reads_the_same_at_every_offset_from_a_block_and_a_group()
    {
        foreach (string number in Samples.NumberSamples)
        {
            for (int padding = 0; padding < 560; padding += (padding + 40) % 256 < 100 ? 1 : 5)
            {
                string before = $"{new string('p', padding + 1)} v=1\n";
                ReferenceCheck.Agrees(Encoding.UTF8.GetBytes($"{before}m v={number}\n{Line}m v={number} 5\n{Rest}"));
            }
        }
    }

    [Theory]
    [InlineData("m,,,,==== v=1\n")]
    [InlineData(",,,,====\n")]
    [InlineData("====,,,,\n")]
    [InlineData("m,a=1,a=1,a=1 v=1\n")]
    [InlineData("m v=1 \n")]
    [InlineData("m v=1  5\n")]
    [InlineData("m  v=1 5\n")]
    [InlineData("m v=1 5 \n")]
    [InlineData("m v=1 5 5\n")]
    [InlineData("m v=1 v=1\n")]
    [InlineData("m v=1\r\n")]
    [InlineData("m v=1 5\r\n")]
    [InlineData("m,a=1\n")]
    [InlineData("m\n")]
    [InlineData("\n")]
    [InlineData("\n\n\n")]
    [InlineData(" m v=1\n")]
    [InlineData("# v=1\n")]
    [InlineData("\tm v=1\n")]
    [InlineData("\0m v=1\n")]
    [InlineData("m \tv=1\n")]
    [InlineData("m \t=1\n")]
    [InlineData("m v=1,w\n")]
    [InlineData("m v,w=1\n")]
    [InlineData("m =1\n")]
    [InlineData("m v=\n")]
    [InlineData("m,=1 v=1\n")]
    [InlineData("m,a= v=1\n")]
    [InlineData("m,a=1=2 v=1\n")]
    [InlineData("m=1 v=1\n")]
    [InlineData("m v=1,\n")]
    [InlineData("m v=1 -5\n")]
    [InlineData("m v=1 5i\n")]
    [InlineData("m v=1 5,\n")]
    [InlineData("m v=1 5=\n")]
    [InlineData("m\\ v=1\n")]
    [InlineData("m\\\n v=1\n")]
    [InlineData("m\",\"a\"=\" \"v\"=1,\"=2\n")]
    [InlineData("m v=\"a\nm v=1\"\n")]
    [InlineData("m v=\"\n")]
    public void A_line_of_any_form_reads_the_same_at_every_offset_from_a_block_and_a_group(string line)
    {
        for (int padding = 0; padding < 600; padding++)
        {
            string before = $"{Line}{new string('p', padding + 1)} v=1\n";
            ReferenceCheck.Agrees(Encoding.UTF8.GetBytes(before + line + Line + line + Rest));
        }
    }

    [Fact]
    public void A_body_may_end_anywhere()
    {
        byte[] body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Line, 24)));
        for (int length = 0; length < body.Length; length++)
            ReferenceCheck.Agrees(body[..length]);
    }

    [Fact]
    public void Lines_as_short_as_they_come_fill_a_chunk()
    {
        ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("m v=1\n", 10_000))));
        ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat("m v=1\n", 6_000)) + new string('\n', 20_000)));
    }

    [Fact]
    public void Keys_of_any_length_are_compared_with_those_of_the_line_before()
    {
        int[] lengths = [1, 7, 8, 9, 31, 32, 62, 63, 64, 65, 126, 127, 128, 500, 1_022, 1_023, 1_024, 2_000];
        foreach (int length in lengths)
        {
            string key = new('k', length);
            string twice = $"m,{key}=1,{key}=2 v=1\n";
            string apart = $"m,{key}=1,{key}k=2 v=1\n";
            string other = $"m,{key[1..]}x=1,{key[1..]}y=2 v=1\n";
            ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(
                string.Concat(Enumerable.Repeat(apart + apart + other + other + apart + twice + other, 10))));
        }
    }

    [Fact]
    public void Keys_that_stand_where_those_of_the_line_before_stood_are_compared()
    {
        for (int padding = 0; padding < 330; padding++)
        {
            string name = new('m', padding % 200 + 1);
            string ascending = $"{name},ab=1,cd=2 v=1\n";
            string descending = $"{name},cd=1,ab=2 v=1\n";
            string twice = $"{name},ab=1,ab=2 v=1\n";
            string before = $"{new string('p', padding + 1)} v=1\n";
            ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(
                before + ascending + ascending + twice + ascending + descending + descending + twice + Rest));
        }
    }

    [Fact]
    public void Keys_that_stand_elsewhere_than_in_the_line_before_are_compared()
    {
        Gen<string> tag = Gen.Select(
            Gen.OneOf("ab", "cd", "cdx", "container_id", "container_image", new string('k', 64), new string('k', 65)),
            Gen.Int[1, 70],
            (key, length) => $",{key}={new string('v', length)}");
        Gen<string> tags = Gen.OneOf(
            tag.Array[0, 4].Select(string.Concat),
            Gen.Int[1, 40].Select(length => $",container_id={new string('v', length)},container_image=v,ab=v"),
            Gen.Int[1, 40].Select(length => $",cd={new string('v', length)},ab=v,container_id=v"));
        tags.Array[1, 60].Sample(
            lists => ReferenceCheck.Agrees(
                Encoding.ASCII.GetBytes(string.Concat(lists.Select(t => $"m{t} v=1 5\n")) + Rest)),
            iter: 300);
    }

    [Fact]
    public void Keys_are_compared_with_those_of_a_line_in_the_chunk_before()
    {
        string same = string.Concat(Enumerable.Repeat("m,cd=1,ab=2 v=1\n", 2_000));
        foreach (int at in (int[])[64, 65, 127, 510, 511, 512, 513, 514, 1_000, 1_999])
        {
            byte[] body = Encoding.ASCII.GetBytes(same);
            body[16 * at + 7] = (byte)'c';
            body[16 * at + 8] = (byte)'d';
            ReferenceCheck.Agrees(body);
        }
    }

    [Fact]
    public void Keys_are_compared_with_those_of_no_other_line_than_the_one_before()
    {
        // The last line has the shape of the one before, and its keys are in the first one, not as keys.
        string lines = "mm,ba=1,ca=2 v=1\nmmm,a=12,b=2 v=1\nmmm,a=12,a=2 v=1\n";
        ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(lines + Rest));
        ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(lines, 20))));
    }

    [Theory]
    [InlineData("m,a=1,b=2 v=1", "m,a=1 v=1,b=2")]
    [InlineData("m,a=1,b=2 v=1", "m,a=1 v=1,a=2")]
    [InlineData("m,b=1 v=1,b=2", "m,b=1,b=2 v=1")]
    [InlineData("m,ab=1 v=1", "m,a=11 v=1")]
    [InlineData("m,ba=1,ca=2 v=1", "mm,a=12,a=2 v=1")]
    public void The_keys_of_tags_are_told_from_those_of_fields(string one, string other)
    {
        for (int padding = 0; padding < 140; padding++)
        {
            string name = new('m', padding);
            string lines = string.Concat(Enumerable.Repeat($"{name}{one}\n{name}{one}\n{name}{other}\n", 8));
            ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(lines + Rest));
        }
    }

    [Theory]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(200)]
    [InlineData(400)]
    public void Ascending_tags_are_counted(int count)
    {
        string tags = string.Concat(Enumerable.Range(0, count).Select(i => $",t{i:d3}={i}"));
        ReferenceCheck.Agrees(Encoding.ASCII.GetBytes(
            $"{Line}m{tags} v=1\nm{tags} v=2 5\nm{tags},u=1 v=1\nm{tags} v=1\n{Rest}"));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1_000, 1, 1)]
    [InlineData(7_800, 1, 1)]
    [InlineData(10, 70, 1)]
    [InlineData(10, 500, 1)]
    [InlineData(10, 2_000, 20)]
    [InlineData(10, 10, 100)]
    public void All_lines_of_numbers_are_read_at_once(int nameLength, int keyLength, int fields)
    {
        // Without vectors the reader is left out.
        if (!PlainBlocks.IsSupported)
            return;
        string name = new('m', nameLength);
        string key = new('k', keyLength);
        string values = string.Concat(Enumerable.Range(0, fields).Select(i => $",v{i}={i}.25,w{i}=-{i}i"))
            + $",most={new string('9', 18)}i";
        byte[] body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(
            i => $"{name}{i % 3},host={i},{key}=a,{key}{i % 5}=-b used={i}i{values} 17{i:d17}\n")));
        BodyScan scan = default;
        PlainBlocks blocks = new(body, new ulong[PlainBlocks.Room], Precision.Nanoseconds);
        int position = blocks.Read(0, ref scan, null);

        // At the end of the body may be what fills no group.
        Assert.InRange(position, body.Length - body.Length / 500 - 10, body.Length);
        Assert.Equal(body.AsSpan(..position).Count((byte)'\n'), scan.Points);
    }

    /// <summary>By vectors of the widths that the processor has; without any the reader is left out.</summary>
    [Fact]
    public void Every_byte_is_of_the_kinds_it_is()
    {
        (int Row, string Bytes)[] kinds =
        [
            (ByteKinds.Tokens, ",= \n"), (ByteKinds.EqualsSigns, "="), (ByteKinds.Spaces, " "),
            (ByteKinds.Newlines, "\n"), (ByteKinds.Digits, "0123456789"), (ByteKinds.Dots, "."),
            (ByteKinds.Minuses, "-"), (ByteKinds.Suffixes, "i"), (ByteKinds.Backslashes, "\\"),
            (ByteKinds.Openers, "#\t\0"),
        ];
        byte[] text = new byte[ByteKinds.ChunkLength];
        new Random(1).NextBytes(text);
        for (int value = 0; value < 256; value++)
            text[value * 31] = (byte)value;
        List<ulong[]> found = [];
        if (ByteKinds.IsSupported)
            ByteKinds.Find(text, Masks());
        if (ByteKinds256.IsSupported)
            ByteKinds256.Find(text, Masks());
        Assert.Equal(PlainBlocks.IsSupported, found.Count > 0);

        foreach (ulong[] masks in found)
        {
            foreach ((int row, string bytes) in kinds)
            {
                for (int i = 0; i < text.Length; i++)
                {
                    bool isFound = (masks[row + i / ByteKinds.BlockLength] >> (i % ByteKinds.BlockLength) & 1) != 0;
                    Assert.Equal(bytes.Contains((char)text[i], StringComparison.Ordinal), isFound);
                }
            }
        }

        ulong[] Masks()
        {
            found.Add(new ulong[ByteKinds.Room]);
            return found[^1];
        }
    }
}
