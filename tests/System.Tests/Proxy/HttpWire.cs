using System.Globalization;
using System.Text;

namespace Gateway.SystemTests.Proxy;

/// <summary>Reads HTTP/1.1 messages from a connection and keeps their bytes as they are.</summary>
internal sealed class HttpWire(Stream stream)
{
    private byte[] buffer = new byte[64 * 1024];
    private int start;
    private int end;

    /// <summary>Everything up to and with the empty line; null when the connection ended.</summary>
    public async Task<byte[]?> HeadAsync(CancellationToken stop)
    {
        while (true)
        {
            int length = buffer.AsSpan(start, end - start).IndexOf("\r\n\r\n"u8);
            if (length >= 0)
                return Take(length + 4);
            if (!await FillAsync(stop))
                return null;
        }
    }

    /// <summary>Passes a body on, piece by piece as it arrives, with its transfer encoding.</summary>
    /// <param name="head">The message's head.</param>
    /// <param name="pass">Gets the bytes; the flag tells content from framing.</param>
    /// <param name="untilClose">A body without a length ends with the connection (answers only).</param>
    /// <param name="stop">Ends the reading.</param>
    public async Task BodyAsync(
        byte[] head, Func<ReadOnlyMemory<byte>, bool, ValueTask> pass, bool untilClose, CancellationToken stop)
    {
        if (Header(head, "Transfer-Encoding") is { } encoding && encoding.Contains("chunked"))
            await ChunksAsync(pass, stop);
        else if (Header(head, "Content-Length") is { } length)
            await PiecesAsync(long.Parse(length, CultureInfo.InvariantCulture), true, pass, stop);
        else if (untilClose)
            await PiecesAsync(long.MaxValue, true, pass, stop);
    }

    public static string? Header(byte[] head, string name)
    {
        foreach (string line in Encoding.Latin1.GetString(head).Split("\r\n"))
        {
            if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
                return line[(name.Length + 1)..].Trim();
        }

        return null;
    }

    private async Task ChunksAsync(Func<ReadOnlyMemory<byte>, bool, ValueTask> pass, CancellationToken stop)
    {
        while (true)
        {
            byte[] line = await LineAsync(stop);
            await pass(line, false);
            string size = Encoding.ASCII.GetString(line).Split(';')[0].Trim();
            long length = long.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            await PiecesAsync(length, true, pass, stop);
            if (length == 0)
                break;
            await PiecesAsync(2, false, pass, stop);
        }

        byte[] trailer;
        do
        {
            trailer = await LineAsync(stop);
            await pass(trailer, false);
        }
        while (trailer.Length > 2);
    }

    private async Task PiecesAsync(
        long length, bool content, Func<ReadOnlyMemory<byte>, bool, ValueTask> pass, CancellationToken stop)
    {
        while (length > 0)
        {
            if (start == end && !await FillAsync(stop))
            {
                if (length > int.MaxValue)
                    return;
                throw new IOException("the connection ended inside a body");
            }

            byte[] piece = Take((int)Math.Min(length, end - start));
            await pass(piece, content);
            length -= piece.Length;
        }
    }

    private async Task<byte[]> LineAsync(CancellationToken stop)
    {
        while (true)
        {
            int length = buffer.AsSpan(start, end - start).IndexOf("\r\n"u8);
            if (length >= 0)
                return Take(length + 2);
            if (!await FillAsync(stop))
                throw new IOException("the connection ended inside a chunk");
        }
    }

    private byte[] Take(int length)
    {
        byte[] taken = buffer.AsSpan(start, length).ToArray();
        start += length;
        return taken;
    }

    private async Task<bool> FillAsync(CancellationToken stop)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }

        if (end == buffer.Length)
            Array.Resize(ref buffer, buffer.Length * 2);
        int read = await stream.ReadAsync(buffer.AsMemory(end), stop);
        end += read;
        return read > 0;
    }
}
