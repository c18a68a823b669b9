using System.Buffers.Text;

namespace InfluxMirror.LineProtocol;

/// <summary>Writes one timestamp behind the points of a body that have none, and changes no other byte.</summary>
public static class TimestampStamper
{
    private const int MaxStampLength = 21;

    /// <summary>The length of the stamped body in bytes.</summary>
    /// <exception cref="OverflowException">It is 2 GiB or more.</exception>
    public static int StampedLength(int bodyLength, int insertions, long timestamp)
    {
        Span<byte> stamp = stackalloc byte[MaxStampLength];
        return checked(bodyLength + insertions * Format(timestamp, stamp));
    }

    /// <summary>
    /// Copies <paramref name="body"/> and inserts a space and <paramref name="timestamp"/> at every offset.
    /// </summary>
    /// <param name="body">Line protocol.</param>
    /// <param name="insertions">Ascending offsets, as <see cref="LineScanner"/> gave them for this body.</param>
    /// <param name="timestamp">The time in the unit of the request's precision.</param>
    /// <param name="destination">At least <see cref="StampedLength"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public static int Stamp(
        ReadOnlySpan<byte> body, ReadOnlySpan<int> insertions, long timestamp, Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[MaxStampLength];
        ReadOnlySpan<byte> stamp = digits[..Format(timestamp, digits)];
        int copied = 0;
        int written = 0;
        foreach (int insertion in insertions)
        {
            body[copied..insertion].CopyTo(destination[written..]);
            written += insertion - copied;
            copied = insertion;
            stamp.CopyTo(destination[written..]);
            written += stamp.Length;
        }

        body[copied..].CopyTo(destination[written..]);
        return written + body.Length - copied;
    }

    private static int Format(long timestamp, Span<byte> stamp)
    {
        stamp[0] = (byte)' ';
        Utf8Formatter.TryFormat(timestamp, stamp[1..], out int digits);
        return digits + 1;
    }
}
