using System.Security.Cryptography;

namespace InfluxMirror.Inputs;

/// <summary>
/// Ids for requests that bring none: UUIDs of version 8 (RFC 9562, 5.8), the first half drawn once for the process, the
/// second counted on. They have to differ and not to be a secret, and drawing each anew is a system call.
/// </summary>
internal static class RequestId
{
    private static readonly byte[] Process = RandomNumberGenerator.GetBytes(sizeof(long));
    private static long _last = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    /// <summary>The next one, in the usual form of 36 characters.</summary>
    public static string Next()
    {
        var number = (ulong)Interlocked.Increment(ref _last);
        // 4 of its bits are the version, 2 the variant.
        return new Guid(
            BitConverter.ToInt32(Process), BitConverter.ToInt16(Process, 4),
            (short)(0x8000 | (BitConverter.ToInt16(Process, 6) & 0x0fff)),
            (byte)(0x80 | ((number >> 56) & 0x3f)), (byte)(number >> 48), (byte)(number >> 40), (byte)(number >> 32),
            (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number).ToString();
    }
}
