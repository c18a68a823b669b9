using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What is kept of a request beside its body: a journal outlives the program that wrote it.</summary>
public sealed class RecordHeaderTests
{
    private static readonly DateTimeOffset Accepted = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_bytes_are_those_that_are_specified()
    {
        MirroredRecord record = Record(
            RecordKind.Statement, new("/query?db=é", null, "é", "", "u=a&p=b"), "POST", null, "text/csv", "10.0.0.9",
            new StatementScope(["é", "y"], All: false, Destructive: true));

        Assert.Equal(
            "01" + "16" + "02" + "0060D74C5949DF08" + "07000000" + "02000000"
            + "05" + "504F5354" // POST
            + "0D" + "2F71756572793F64623DC3A9" // path and query
            + "00" // no authorization
            + "03" + "C3A9" // database
            + "01" // an empty retention policy
            + "08" + "753D6126703D62" // account
            + "00" // no content type
            + "09" + "746578742F637376" // accept
            + "05" + "677A6970" // content encoding
            + "09" + "31302E302E302E39" // client
            + "03" + "C3A9" + "02" + "79", // scope
            Convert.ToHexString(RecordHeader.Encode(record).Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_was_written_is_read_whatever_the_texts_are(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 300; i++)
        {
            string[]? databases = random.Next(2) == 0
                ? null
                : [.. Enumerable.Range(0, random.Next(4)).Select(_ => Text(random))];
            Texts target = new(Text(random), Maybe(random), Text(random), Maybe(random), Text(random));
            MirroredRecord record = Record(
                RecordKind.Raw, target, "PATCH", Maybe(random), Maybe(random), Text(random),
                databases is null ? null : new StatementScope(databases, All: random.Next(2) == 0, Destructive: false),
                isAlone: random.Next(2) == 0);

            MirroredRecord read = Read(RecordHeader.Encode(record));

            Assert.Equal(
                (record.Kind, record.Method, record.ContentType, record.Accept, record.ContentEncoding, record.Client),
                (read.Kind, read.Method, read.ContentType, read.Accept, read.ContentEncoding, read.Client));
            Assert.Equal(
                (record.AcceptedAt, record.Points, record.SendAlone, record.EndsWithNewline),
                (read.AcceptedAt, read.Points, read.SendAlone, read.EndsWithNewline));
            Assert.Equal(
                target,
                new(read.Target.PathAndQuery, read.Target.Authorization, read.Target.Database,
                    read.Target.RetentionPolicy, read.Target.Account));
            Assert.Equal(Precision.Milliseconds, read.Target.Precision);
            Assert.Equal(databases, read.Scope?.Databases);
            Assert.Equal((record.Scope?.All, record.Scope?.Destructive), (read.Scope?.All, read.Scope?.Destructive));
        }
    }

    [Fact]
    public void A_header_of_another_version_is_refused()
    {
        byte[] header = RecordHeader.Encode(
            Record(RecordKind.Write, new("/write", null, "x", null, ""), "POST", null, null, "", null)).ToArray();
        header[0] = 2;

        InvalidDataException fault = Assert.Throws<InvalidDataException>(() => Read(header));

        Assert.Contains("another version", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_no_program_wrote_is_read_or_refused_and_nothing_else(int seed)
    {
        Random random = new(seed);
        int refused = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] header = RecordHeader.Encode(Record(
                RecordKind.Statement, new("/query?db=x", "Basic a", "x", null, "a"), "POST", null, "text/csv",
                "10.0.0.9",
                new StatementScope(["x", "y"], All: false, Destructive: true))).ToArray();
            for (int changes = random.Next(4); changes > 0; changes--)
                header[random.Next(header.Length)] = (byte)random.Next(256);
            try
            {
                int length = random.Next(3) == 0 ? random.Next(header.Length) : header.Length;
                MirroredRecord read = Read(header.AsMemory(0, length));
                Assert.True(Enum.IsDefined(read.Target.Precision));
                Assert.InRange(read.Points, 0, int.MaxValue);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 4500);
    }

    private static MirroredRecord Read(ReadOnlyMemory<byte> header) =>
        RecordHeader.Decode(new LogRecord(7, (byte)RecordKind.Raw, header, SharedBuffer.Copy("m v=1 1"u8)));

    private static MirroredRecord Record(
        RecordKind kind, Texts target, string method, string? contentType, string? accept, string client,
        StatementScope? scope, bool isAlone = false) =>
        new(SharedBuffer.Copy("m v=1 1"u8))
        {
            Kind = kind,
            Target = new WriteTarget
            {
                PathAndQuery = target.PathAndQuery,
                Authorization = target.Authorization,
                Database = target.Database,
                RetentionPolicy = target.RetentionPolicy,
                Account = target.Account,
                Precision = Precision.Milliseconds,
            },
            Method = HttpMethod.Parse(method),
            ContentType = contentType,
            Accept = accept,
            ContentEncoding = "gzip",
            Client = client,
            AcceptedAt = Accepted,
            Points = 7,
            SendAlone = isAlone,
            EndsWithNewline = !isAlone,
            Scope = scope,
        };

    private static string? Maybe(Random random) => random.Next(3) == 0 ? null : Text(random);

    /// <summary>Of lengths around those at which the number before it grows, in letters of one byte to four.</summary>
    private static string Text(Random random)
    {
        string letter = new[] { "a", "é", "☂", "🜁" }[random.Next(4)];
        int length = new[] { 0, 1, 31, 42, 63, 126, 127, 128, 4095, 5461, 16382, 16383, 16384 }[random.Next(13)];
        return string.Concat(Enumerable.Repeat(letter, length));
    }

    private sealed record Texts(
        string PathAndQuery, string? Authorization, string Database, string? RetentionPolicy, string Account);
}
