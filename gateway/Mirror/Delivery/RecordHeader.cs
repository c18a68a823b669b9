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
        var target = record.Target.InHeader;
        var databases = record.Scope?.Databases ?? [];
        var length = FixedLength + LengthOf(record.Method.Method) + target.Length + LengthOf(record.ContentType)
            + LengthOf(record.Accept) + LengthOf(record.ContentEncoding) + LengthOf(record.Client);
        foreach (var database in databases)
            length += LengthOf(database);
        var header = new byte[length];
        header[0] = Version;
        header[1] = (byte)FlagsOf(record);
        header[2] = (byte)record.Target.Precision;
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(3), record.AcceptedAt.UtcTicks);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(11), record.Points);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(15), databases.Count);
        var strings = new StringWriter(header.AsSpan(FixedLength));
        strings.Add(record.Method.Method);
        strings.AddEncoded(target);
        strings.Add(record.ContentType);
        strings.Add(record.Accept);
        strings.Add(record.ContentEncoding);
        strings.Add(record.Client);
        foreach (var database in databases)
            strings.Add(database);
        return header;
    }

    /// <summary>The strings of a target, in their order.</summary>
    internal static byte[] EncodeStrings(WriteTarget target)
    {
        string?[] texts =
        [
            target.PathAndQuery, target.Authorization, target.Database, target.RetentionPolicy, target.Account,
        ];
        var bytes = new byte[texts.Sum(LengthOf)];
        var strings = new StringWriter(bytes);
        foreach (var text in texts)
            strings.Add(text);
        return bytes;
    }

    /// <summary>The record that was written; takes over the reference to its body.</summary>
    /// <exception cref="InvalidDataException">
    /// It is of a version this program does not know, or holds what no program wrote.
    /// </exception>
    public static MirroredRecord Decode(LogRecord found) => Decode(found, letter: null, watch: null);

    /// <summary>The record of a dead letter, to be sent once more; without one, as it was written.</summary>
    internal static MirroredRecord Decode(LogRecord found, DeadLetter? letter, DeliveryWatch? watch)
    {
        var bytes = found.Header.Span;
        if (bytes.Length < FixedLength || bytes[0] != Version)
            throw new InvalidDataException($"The record at {found.Position} has a header of another version.");
        var flags = (Flag)bytes[1];
        var ticks = BinaryPrimitives.ReadInt64LittleEndian(bytes[3..]);
        var points = BinaryPrimitives.ReadInt32LittleEndian(bytes[11..]);
        var kind = (RecordKind)found.Kind;
        var precision = (Precision)bytes[2];
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks || points < 0
            || !Enum.IsDefined(kind) || !Enum.IsDefined(precision))
            throw Unreadable(found.Position);
        var strings = new StringReader(bytes[FixedLength..], found.Position);
        var method = MethodOf(strings.Next(), found.Position);
        var target = new WriteTarget
        {
            Precision = precision,
            PathAndQuery = strings.Next() ?? "",
            Authorization = strings.Next(),
            Database = strings.Next() ?? "",
            RetentionPolicy = strings.Next(),
            Account = strings.Next() ?? "",
        };
        return new MirroredRecord(found.Body)
        {
            Kind = kind,
            Target = target,
            Method = method,
            ContentType = strings.Next(),
            Accept = strings.Next(),
            ContentEncoding = strings.Next(),
            Client = strings.Next() ?? "",
            AcceptedAt = new DateTimeOffset(ticks, TimeSpan.Zero),
            Points = points,
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

    private static HttpMethod MethodOf(string? name, long position)
    {
        try
        {
            return HttpMethod.Parse(name);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            throw Unreadable(position, fault);
        }
    }

    private static InvalidDataException Unreadable(long position, Exception? fault = null) =>
        new($"The record at {position} has a header that no program wrote.", fault);

    /// <summary>Bytes a string takes, with its length.</summary>
    private static int LengthOf(string? text)
    {
        var length = text is null ? 0 : Encoding.UTF8.GetByteCount(text) + 1;
        var prefix = 1;
        for (var rest = (uint)length; rest >= 0x80; rest >>= 7)
            prefix++;
        return prefix + Math.Max(length - 1, 0);
    }

    private ref struct StringWriter(Span<byte> bytes)
    {
        private Span<byte> _rest = bytes;

        public void Add(string? text)
        {
            var length = text is null ? 0 : Encoding.UTF8.GetByteCount(text) + 1;
            var at = 0;
            for (var rest = (uint)length; ; rest >>= 7)
            {
                _rest[at++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
                if (rest < 0x80)
                    break;
            }

            _rest = _rest[(at + Encoding.UTF8.GetBytes(text, _rest[at..]))..];
        }

        public void AddEncoded(ReadOnlySpan<byte> strings)
        {
            strings.CopyTo(_rest);
            _rest = _rest[strings.Length..];
        }
    }

    private ref struct StringReader(ReadOnlySpan<byte> bytes, long position)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public string? Next()
        {
            var length = 0u;
            for (var shift = 0; ; shift += 7)
            {
                if (_rest.IsEmpty || shift > 28)
                    throw Unreadable(position);
                var part = _rest[0];
                _rest = _rest[1..];
                length |= (part & 0x7Fu) << shift;
                if (part < 0x80)
                    break;
            }

            if (length == 0)
                return null;
            if (length - 1 > _rest.Length)
                throw Unreadable(position);
            var text = Encoding.UTF8.GetString(_rest[..(int)(length - 1)]);
            _rest = _rest[(int)(length - 1)..];
            return text;
        }

        public string[] Names(int count)
        {
            if ((uint)count > _rest.Length)
                throw Unreadable(position);
            var names = new string[count];
            for (var i = 0; i < count; i++)
                names[i] = Next() ?? "";
            return names;
        }
    }
}
