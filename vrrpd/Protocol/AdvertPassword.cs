using System.Security.Cryptography;
using System.Text;

namespace Vrrp;

/// <summary>
/// The password of version 2: eight bytes, longer ones cut and shorter ones filled with zeros, as keepalived does. It
/// goes over the wire in plain text and tells clusters apart, nothing more. It never prints itself.
/// </summary>
public sealed class AdvertPassword
{
    /// <summary>Bytes of a password on the wire.</summary>
    public const int Length = 8;

    private readonly byte[] _bytes = new byte[Length];

    /// <summary>Takes the first eight bytes of the text in UTF-8.</summary>
    public AdvertPassword(string text)
    {
        byte[] all = Encoding.UTF8.GetBytes(text);
        IsTruncated = all.Length > Length;
        all.AsSpan(0, Math.Min(all.Length, Length)).CopyTo(_bytes);
    }

    /// <summary>Whether the text was longer than the wire can carry.</summary>
    public bool IsTruncated { get; }

    /// <summary>Writes the eight bytes.</summary>
    public void Write(Span<byte> bytes) => _bytes.CopyTo(bytes);

    /// <summary>Compares in a time that does not depend on where the difference is.</summary>
    public bool Matches(ReadOnlySpan<byte> bytes) => CryptographicOperations.FixedTimeEquals(_bytes, bytes);

    /// <summary>Never the password.</summary>
    public override string ToString() => "(hidden)";
}
