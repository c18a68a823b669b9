using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vrrp;

/// <summary>An Ethernet address as a value. The default, all zero, is no address.</summary>
/// <param name="Value">The six bytes as a number, the first byte highest.</param>
[JsonConverter(typeof(HardwareAddressConverter))]
public readonly record struct HardwareAddress(ulong Value)
{
    /// <summary>Bytes of an Ethernet address.</summary>
    public const int Length = 6;

    /// <summary>Every station.</summary>
    public static HardwareAddress Broadcast => new(0xffff_ffff_ffff);

    /// <summary>Reads the first six bytes.</summary>
    public static HardwareAddress Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (byte part in bytes[..Length])
            value = (value << 8) | part;
        return new(value);
    }

    /// <summary>Writes the first six bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        for (int i = 0; i < Length; i++)
            bytes[i] = (byte)(Value >> (8 * (Length - 1 - i)));
    }

    /// <summary>Reads six pairs of hexadecimal digits with colons between them.</summary>
    public static bool TryParse(string text, out HardwareAddress address)
    {
        address = default;
        string[] parts = text.Split(':');
        ulong value = 0;
        foreach (string part in parts)
        {
            if (!byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte number))
                return false;
            value = (value << 8) | number;
        }

        address = new(value);
        return parts.Length == Length;
    }

    /// <summary>As <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">Not an Ethernet address.</exception>
    public static HardwareAddress Parse(string text) => TryParse(text, out HardwareAddress address)
        ? address
        : throw new FormatException($"'{text}' is not an Ethernet address");

    /// <summary>Six pairs of hexadecimal digits with colons between them.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return $"{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}:{bytes[3]:x2}:{bytes[4]:x2}:{bytes[5]:x2}";
    }
}

/// <summary>An Ethernet address as its text in the event log.</summary>
internal sealed class HardwareAddressConverter : JsonConverter<HardwareAddress>
{
    public override HardwareAddress Read(ref Utf8JsonReader reader, Type typeToConvert,
        JsonSerializerOptions options) =>
        HardwareAddress.TryParse(reader.GetString() ?? "", out HardwareAddress address)
            ? address
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, HardwareAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
