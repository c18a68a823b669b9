using System.Text;
using CsCheck;

namespace InfluxMirror.Tests.LineProtocol;

/// <summary>Bodies of line protocol, from plain to hostile.</summary>
internal static class Samples
{
    private static readonly string[] Pieces =
    [
        "m", "a", "b=", "=", ",", " ", "\n", "\"", "\\", "1", "-", ".", "i", "e", "E5", "t", "true", "f", "#", "\t",
        "\0", "\r", "é", "N", "+", "u", "v=1", "s=\"x\"", ",t=1", " 5", "m v=1i 7\n", "m,t=1 s=\"", "\\\\", "\\ ",
        "\\,", "\\=", "\\\"", "=\"", "\" ", "\n\n", "9223372036854775807", "99999999999999999999i",
    ];

    private static readonly string[] Values =
    [
        "1", "-1", "0.5", "-.5", "1.", "1e5", "1E-400", "1e309", "1.7976931348623157e308", "1.7976931348623159e308",
        "17976931348623158079372897140530341507993413271003782693617377898e244", "1i", "-9223372036854775808i",
        "-9223372036854775809i", "9223372036854775807i", "9223372036854775808i", "000000000000000000000000001i",
        "123456789012345678i", "1234567890123456789i", "999999999999999999999999", "9999999999999999999999999",
        "true", "T", "FALSE", "tRUE", "\"\"", "\"a b\"", "\"a,b=c\"", "\"a\nb\"", "\"a\\\"b\"", "\"\\\\\"", "\"=\"",
        "\"a\\ \\,\\=b\"", "\"\\\\\\\"\"", "\"\\\n\"", "\"\\x\\\"",
        "\"x\"y", "1u", "NaN", "1.2.3", "+1", "", "\"", "0.00000000000000000000000000000000000000000000001", "-i",
    ];

    private static readonly string[] Times =
    [
        "", " ", " 1", " 1700000000000000000", " -1700000000000000000", " 9223372036854775806",
        " 9223372036854775807", " -9223372036854775807", " 9223372036854775808", " 00000000000000000000000000000001",
        " 1700000000", " 9223372036", " 9223372037", " 153722867", " 153722868", " 2562047", " 2562048", " 1.5",
        "  7", " 7 ", " 7 x", " -", "\r", " \t", " 9223372036854", " 9223372036855", " 28333333", " 472222",
    ];

    private static readonly Gen<string> Name = Gen.OneOf(
        Gen.OneOf("a", "b", "host", "hostname", "hostname1", "hostname2", "m\\ n", "k\\=", "k\\\\", "é", "time",
            "C:\\dir", "a\\ b\\,c", "a\\ ", "a\"b", "a\\\nb", "\\,"),
        Gen.Char['a', 'z'].Array[1, 70].Select(c => new string(c)));

    private static readonly Gen<string> Value = Gen.Frequency(
        (6, Gen.Int[0, 8].Select(i => Values[i])), (2, Gen.OneOf(Values)), (1, Gen.Double.Select(d => $"{d:R}")));

    private static readonly Gen<string> Tags =
        Gen.Select(Name, Name, (key, value) => $",{key}={value}").Array[0, 12].Select(string.Concat);

    private static readonly Gen<string> Fields =
        Gen.Select(Name, Value, (key, value) => $"{key}={value}").Array[1, 6].Select(f => string.Join(',', f));

    private static readonly Gen<string> Line = Gen.Select(
        Name, Tags, Fields, Gen.Frequency((3, Gen.Int[0, 4].Select(i => Times[i])), (1, Gen.OneOf(Times))),
        (name, tags, fields, time) => $"{name}{tags} {fields}{time}\n");

    // Lists that are alike: the same bytes cut at other places, the same keys in another order, one key twice.
    private static readonly string[] TagLists =
    [
        "", ",a=1,b=2", ",a=x,b=y", ",b=1,a=2", ",a=1,a=2", ",ab=1,c=2", ",a=1,bc=2", ",c=1,ab=2", ",a=1,b=2,c=3",
        ",hostname1=a,hostname2=b", ",hostname2=a,hostname1=b", ",hostname1=a,hostname1=b", ",a-=1,b=2", ",a=1,b=-",
        ",\"a=1,b\"=2", ",a=1,b=i", string.Concat(Enumerable.Range(0, 30).Select(i => $",key{i:d2}={i}")),
        string.Concat(Enumerable.Range(0, 30).Select(i => $",key{i ^ 1:d2}={i}")),
    ];

    private static readonly string[] Numbers =
    [
        "1", "-1", "0.5", "-0.5", "12.", "1i", "-12i", "123456789012345678i", "-123456789012345678i", "45.264856",
        "0.30000000000000004", "0.00012345678901234567", "1234567890123456789", "12345678901234567890.5",
        .. Enumerable.Range(60, 8).Select(length => new string('7', length)),
        new string('7', 130), new string('7', 300) + ".5", $"0.{new string('3', 130)}",
    ];

    private static readonly string[] OddNumbers =
    [
        "1234567890123456789i", "12345678901234567890i", "-1234567890123456789i", "9223372036854775808i", "-", "-i",
        "i", "1ii", "1i2", "1i.", "1.i", "1.5i", ".5", "-.5", ".", "-.", "1..2", "1.2.3", "--1", "1-", "1-2", "i1",
        "1e5", "true", "t", "x", "\"s\"", "\"a b=c\"", "", "=", "1=", "1,", ",", new string('7', 309),
        $"{new string('7', 330)}i", "1\\", "1\r", "1\t",
    ];

    private static Gen<string> NumberLines(Gen<string> value) => Gen.Select(
        Gen.OneOf("m", "disk", "\"", "i", "-", "5", new string('m', 90)),
        Gen.OneOf(TagLists),
        Gen.Select(Gen.OneOf("v", "used_percent", "i", "5", "-", "q\"q", new string('f', 70)), value).Array[1, 8],
        Gen.OneOf(
            "", " 1700000000000000000", " 1", " 8999999999999999999", " 9000000000000000000", " 9223372036854775807",
            " 00000000000000000001"),
        (name, tags, fields, time) =>
            $"{name}{tags} {string.Join(',', fields.Select(f => $"{f.Item1}={f.Item2}"))}{time}\n");

    /// <summary>Lines with nothing but numbers in their fields, up to many chunks of the scanner.</summary>
    public static readonly Gen<byte[]> PlainNumbers =
        NumberLines(Gen.OneOf(Numbers)).Array[0, 300].Select(l => Encoding.UTF8.GetBytes(string.Concat(l)));

    /// <summary>The same, some not a number or not one that is easy to see.</summary>
    public static readonly Gen<byte[]> OddAndPlainNumbers =
        NumberLines(Gen.Frequency((300, Gen.OneOf(Numbers)), (1, Gen.OneOf(OddNumbers))))
            .Array[0, 300].Select(l => Encoding.UTF8.GetBytes(string.Concat(l)));

    /// <summary>Lines of one number each, of every kind.</summary>
    public static IEnumerable<string> NumberSamples => [.. Numbers, .. OddNumbers];

    /// <summary>Anything, built of the pieces that have a meaning.</summary>
    public static readonly Gen<byte[]> Noise =
        Gen.OneOf(Pieces).Array[0, 40].Select(p => Encoding.UTF8.GetBytes(string.Concat(p)));

    /// <summary>Lines of the form of line protocol, many of them valid, up to several chunks of the scanner.</summary>
    public static readonly Gen<byte[]> Lines =
        Line.Array[0, 60].Select(l => Encoding.UTF8.GetBytes(string.Concat(l)));

    /// <summary>The same with some bytes changed.</summary>
    public static readonly Gen<byte[]> Damaged = Gen.Select(
        Lines,
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.OneOf(" ,=\"\\\n\t\0\r1i#é"u8.ToArray())).Array[1, 8],
        (body, changes) =>
        {
            foreach ((int at, byte with) in changes)
            {
                if (body.Length > 0)
                    body[at % body.Length] = with;
            }

            return body;
        });

    /// <summary>Any of the kinds.</summary>
    public static readonly Gen<byte[]> Bodies = Gen.OneOf(Noise, Lines, Damaged);
}
