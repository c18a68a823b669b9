using System.Security.Cryptography;

namespace InfluxMirror.Inputs;

/// <summary>
/// Ids for requests that bring none: UUIDs of version 7 (RFC 9562, 5.7) whose random bits are drawn once for the process
/// and then counted on, since they have to differ and not to be a secret. Drawing them anew is a system call a request.
/// </summary>
internal static class RequestId
{
    private static readonly ushort Process = (ushort)RandomNumberGenerator.GetInt32(0x1000);
    private static long _last = ((long)RandomNumberGenerator.GetInt32(int.MaxValue) << 31) + RandomNumberGenerator.GetInt32(int.MaxValue);

    /// <summary>The next one, in the usual form of 36 characters.</summary>
    public static string Next()
    {
        var time = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var number = (ulong)Interlocked.Increment(ref _last);
        // 48 bits of time, 4 of version, 12 of the process; 2 of variant, 62 of the number.
        return new Guid(
            (uint)(time >> 16), (ushort)time, (ushort)(0x7000 | Process),
            (byte)(0x80 | ((number >> 56) & 0x3f)), (byte)(number >> 48), (byte)(number >> 40), (byte)(number >> 32),
            (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number).ToString();
    }
}
