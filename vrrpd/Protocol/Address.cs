using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vrrp;

/// <summary>The two families a virtual router can have.</summary>
public enum IpFamily : byte
{
    /// <summary>Addresses of 4 bytes.</summary>
    IPv4,

    /// <summary>Addresses of 16 bytes.</summary>
    IPv6,
}

/// <summary>
/// An IPv4 or IPv6 address as a value, so that nothing is allocated per packet. The default is no address.
/// </summary>
[JsonConverter(typeof(AddressConverter))]
public readonly record struct Address : IComparable<Address>
{
    private readonly UInt128 _value;

    private Address(UInt128 value, IpFamily family)
    {
        _value = value;
        Family = family;
    }

    /// <summary>The family.</summary>
    public IpFamily Family { get; }

    /// <summary>No address at all, which is also 0.0.0.0.</summary>
    public bool IsNone => this == default;

    /// <summary>Bytes of the address: 4 or 16.</summary>
    public int Length => Family == IpFamily.IPv4 ? 4 : 16;

    /// <summary>
    /// No router sends from here: 0/8, 127/8, multicast, broadcast; and ::, ::1, ff00::/8.
    /// </summary>
    public bool IsMartian => Family == IpFamily.IPv4
        ? (byte)(_value >> 24) is 0 or 127 or (>= 224 and < 240) || _value == uint.MaxValue
        : _value <= 1 || (byte)(_value >> 120) == 0xff;

    /// <summary>Reads 4 or 16 bytes, as many as there are.</summary>
    /// <exception cref="ArgumentException">Neither 4 nor 16 bytes.</exception>
    public static Address Read(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => new(BinaryPrimitives.ReadUInt32BigEndian(bytes), IpFamily.IPv4),
        16 => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), IpFamily.IPv6),
        _ => throw new ArgumentException("an address has 4 or 16 bytes", nameof(bytes)),
    };

    /// <summary>Writes the address into the first 4 or 16 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        if (Family == IpFamily.IPv4)
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)_value);
        else
            BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
    }

    /// <summary>Reads the usual text, without prefix or scope; IPv4 only as four plain numbers.</summary>
    public static bool TryParse(string text, out Address address)
    {
        address = default;
        if (text.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(text, out IPAddress? parsed))
            return false;
        Span<byte> bytes = stackalloc byte[16];
        if (!parsed.TryWriteBytes(bytes, out int length))
            return false;
        address = Read(bytes[..length]);
        // "1" and "010.0.0.1" are addresses too, but seldom those that were meant.
        return length == 16 || parsed.ToString() == text;
    }

    /// <summary>As <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">Not an address.</exception>
    public static Address Parse(string text) =>
        TryParse(text, out Address address) ? address : throw new FormatException($"'{text}' is not an address");

    /// <summary>Compares as unsigned numbers: the tie-break between equal priorities.</summary>
    public int CompareTo(Address other) => _value.CompareTo(other._value);

    /// <summary>Whether the left address is the higher number.</summary>
    public static bool operator >(Address left, Address right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left address is the lower number.</summary>
    public static bool operator <(Address left, Address right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left address is not the lower number.</summary>
    public static bool operator >=(Address left, Address right) => left.CompareTo(right) >= 0;

    /// <summary>Whether the left address is not the higher number.</summary>
    public static bool operator <=(Address left, Address right) => left.CompareTo(right) <= 0;

    /// <summary>The usual text.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return new IPAddress(bytes[..Length]).ToString();
    }
}

/// <summary>An address as its text in the event log.</summary>
internal sealed class AddressConverter : JsonConverter<Address>
{
    public override Address Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Address.TryParse(reader.GetString() ?? "", out Address address) ? address : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, Address value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
