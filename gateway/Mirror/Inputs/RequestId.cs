using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InfluxMirror.Inputs;

/// <summary>
/// Ids for requests that bring none: UUIDs of version 8 (RFC 9562, 5.8), the first half drawn once for the process, the
/// second counted on. They have to differ and not to be a secret, and drawing each anew is a system call.
/// </summary>
internal static class RequestId
{
    private static readonly byte[] Process = RandomNumberGenerator.GetBytes(16);
    private static long _last = BinaryPrimitives.ReadInt64BigEndian(Process.AsSpan(8));

    /// <summary>The next one, in the usual form of 36 characters.</summary>
    public static string Next()
    {
        Span<byte> id = stackalloc byte[16];
        Process.CopyTo(id);
        BinaryPrimitives.WriteInt64BigEndian(id[8..], Interlocked.Increment(ref _last));
        id[6] = (byte)(0x80 | (id[6] & 0x0f));
        id[8] = (byte)(0x80 | (id[8] & 0x3f));
        return new Guid(id, bigEndian: true).ToString();
    }
}
