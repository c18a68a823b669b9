using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using InfluxMirror.Journal.Disk;
using InfluxMirror.LineProtocol;

namespace InfluxMirror.Delivery;

/// <summary>
/// Everything of a <see cref="MirroredRecord"/> but its body, as bytes in the journal.
/// <code>
/// 0          1       2          3              11       15       19
/// +----------+-------+----------+--------------+--------+--------+------------------------------------+
/// | version 1| flags | precision| accepted, ns | points | scopes | strings: method, path and query,   |
/// +----------+-------+----------+--------------+--------+--------+   authorization, database, retention
///   policy, account, content type, accept, content encoding, client, then the names of the scope      |
/// +----------------------------------------------------------------------------------------------------+
/// </code>
/// Little-endian; "accepted" counts 100 ns since year 1 (UTC). A string is its length in bytes plus 1 as a
/// variable-length number of 7 bits a byte, then UTF-8; length 0 stands for none.
/// </summary>
public static class RecordHeader
{
    private const byte Version = 1;
    private const int FixedLength = 19;

    [Flags]
    private enum Flag : byte
    {
        None = 0,
        SendAlone = 1,
        EndsWithNewline = 2,
        HasScope = 4,
        ScopeIsAll = 8,
        ScopeIsDestructive = 16,
    }

    /// <summary>The header of a record.</summary>
    public static ReadOnlyMemory<byte> Encode(MirroredRecord record)
    {
        var writer = new ArrayBufferWriter<byte>(256);
        var start = writer.GetSpan(FixedLength);
        start[0] = Version;
        start[1] = (byte)FlagsOf(record);
        start[2] = (byte)record.Target.Precision;
        BinaryPrimitives.WriteInt64LittleEndian(start[3..], record.AcceptedAt.UtcTicks);
        BinaryPrimitives.WriteInt32LittleEndian(start[11..], record.Points);
        BinaryPrimitives.WriteInt32LittleEndian(start[15..], record.Scope?.Databases.Count ?? 0);
        writer.Advance(FixedLength);
        Write(writer, record.Method.Method);
        Write(writer, record.Target.PathAndQuery);
        Write(writer, record.Target.Authorization);
        Write(writer, record.Target.Database);
        Write(writer, record.Target.RetentionPolicy);
        Write(writer, record.Target.Account);
        Write(writer, record.ContentType);
        Write(writer, record.Accept);
        Write(writer, record.ContentEncoding);
        Write(writer, record.Client);
        if (record.Scope is { } scope)
        {
            foreach (var database in scope.Databases)
                Write(writer, database);
        }

        return writer.WrittenMemory;
    }

    /// <summary>The record that was written; takes over the reference to its body.</summary>
    /// <exception cref="InvalidDataException">It is of a version this program does not know.</exception>
    public static MirroredRecord Decode(LogRecord found) => Decode(found, letter: null, watch: null);

    /// <summary>The record of a dead letter, to be sent once more; without one, as it was written.</summary>
    internal static MirroredRecord Decode(LogRecord found, DeadLetter? letter, DeliveryWatch? watch)
    {
        var bytes = found.Header.Span;
        if (bytes.Length < FixedLength || bytes[0] != Version)
            throw new InvalidDataException($"The record at {found.Position} has a header of another version.");
        var flags = (Flag)bytes[1];
        var strings = new StringReader(bytes[FixedLength..]);
        var method = strings.Next() ?? "";
        var target = new WriteTarget
        {
            Precision = (Precision)bytes[2],
            PathAndQuery = strings.Next() ?? "",
            Authorization = strings.Next(),
            Database = strings.Next() ?? "",
            RetentionPolicy = strings.Next(),
            Account = strings.Next() ?? "",
        };
        return new MirroredRecord(found.Body)
        {
            Kind = (RecordKind)found.Kind,
            Target = target,
            Method = HttpMethod.Parse(method),
            ContentType = strings.Next(),
            Accept = strings.Next(),
            ContentEncoding = strings.Next(),
            Client = strings.Next() ?? "",
            AcceptedAt = new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(bytes[3..]), TimeSpan.Zero),
            Points = BinaryPrimitives.ReadInt32LittleEndian(bytes[11..]),
            SendAlone = flags.HasFlag(Flag.SendAlone) || letter is not null,
            Letter = letter?.Id ?? 0,
            Watch = watch,
            EndsWithNewline = flags.HasFlag(Flag.EndsWithNewline),
            Scope = flags.HasFlag(Flag.HasScope)
                ? new StatementScope(
                    strings.Names(BinaryPrimitives.ReadInt32LittleEndian(bytes[15..])),
                    flags.HasFlag(Flag.ScopeIsAll),
                    flags.HasFlag(Flag.ScopeIsDestructive))
                : null,
        };
    }

    private static Flag FlagsOf(MirroredRecord record)
    {
        var flags = Flag.None;
        if (record.SendAlone)
            flags |= Flag.SendAlone;
        if (record.EndsWithNewline)
            flags |= Flag.EndsWithNewline;
        if (record.Scope is { } scope)
        {
            flags |= Flag.HasScope;
            if (scope.All)
                flags |= Flag.ScopeIsAll;
            if (scope.Destructive)
                flags |= Flag.ScopeIsDestructive;
        }

        return flags;
    }

    private static void Write(ArrayBufferWriter<byte> writer, string? text)
    {
        var length = text is null ? 0 : Encoding.UTF8.GetByteCount(text) + 1;
        var rest = (uint)length;
        var span = writer.GetSpan(5 + length);
        var at = 0;
        for (; rest >= 0x80; rest >>= 7)
            span[at++] = (byte)(rest | 0x80);
        span[at++] = (byte)rest;
        if (text is not null)
            at += Encoding.UTF8.GetBytes(text, span[at..]);
        writer.Advance(at);
    }

    private ref struct StringReader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public string? Next()
        {
            var length = 0u;
            for (var shift = 0; ; shift += 7)
            {
                var part = _rest[0];
                _rest = _rest[1..];
                length |= (part & 0x7Fu) << shift;
                if (part < 0x80)
                    break;
            }

            if (length == 0)
                return null;
            var text = Encoding.UTF8.GetString(_rest[..(int)(length - 1)]);
            _rest = _rest[(int)(length - 1)..];
            return text;
        }

        public string[] Names(int count)
        {
            var names = new string[count];
            for (var i = 0; i < count; i++)
                names[i] = Next() ?? "";
            return names;
        }
    }
}
