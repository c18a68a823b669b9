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
