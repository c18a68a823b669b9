using System.Buffers;
using System.Buffers.Text;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace InfluxMirror.Delivery;

/// <summary>
/// A connection to a destination on which the head of a request waits for the first bytes of its body, so that both
/// leave in one system call: the client of the framework sends a head by itself when the body does not fit into its
/// small buffer. Anything it does not understand as a request with a length goes through as it comes.
/// </summary>
/// <remarks>Used by one request at a time, as connections of HTTP/1.1 are.</remarks>
internal sealed class GatheringStream(Stream connection) : Stream
{
    /// <summary>Most bytes copied together; a larger body leaves from where it is.</summary>
    private const int BlockSize = 64 * 1024;

    private byte[]? _block;
    private int _held;
    private long _bodyLeft;
    private bool _isPlain;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>For <see cref="SocketsHttpHandler.PlaintextStreamFilter"/>: HTTP/1.1 connections gather.</summary>
    public static ValueTask<Stream> OverAsync(
        SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellation) =>
        ValueTask.FromResult(context.NegotiatedHttpVersion.Major == 1
            ? new GatheringStream(context.PlaintextStream)
            : context.PlaintextStream);

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(
        byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        connection.ReadAsync(buffer, offset, count, cancellationToken);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => connection.Read(buffer, offset, count);

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => connection.Read(buffer);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Gather(buffer.Span))
            return default;
        return Take() is { } block
            ? SendAsync(block, buffer, cancellationToken)
            : connection.WriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Gather(buffer))
            return;
        if (Take() is { } block)
        {
            connection.Write(block.AsSpan(0, _held));
            ArrayPool<byte>.Shared.Return(block);
        }

        connection.Write(buffer);
    }

    /// <inheritdoc/>
    public override void Flush() => connection.Flush();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        LetGo();
        await connection.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            LetGo();
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Whether the bytes are a head that waits for its body, and are held now.</summary>
    private bool Gather(ReadOnlySpan<byte> bytes)
    {
        if (_isPlain)
            return false;
        if (_bodyLeft > 0)
        {
            _bodyLeft = Math.Max(0, _bodyLeft - bytes.Length);
            return false;
        }

        if (!HttpHead.TryRead(bytes, out var head))
        {
            // A head in pieces, or a body of unknown length: where the next request begins cannot be told any more.
            _isPlain = true;
            return false;
        }

        _bodyLeft = head.BodyLength - (bytes.Length - head.Length);
        if (_bodyLeft <= 0 || head.ExpectsContinue || bytes.Length >= BlockSize)
            return false;
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        bytes.CopyTo(block);
        _held = bytes.Length;
        // Whoever ends the connection meanwhile gives it back to the pool: nothing is written to it from here on.
        Volatile.Write(ref _block, block);
        return true;
    }

    private async ValueTask SendAsync(byte[] block, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            if (_held + bytes.Length <= BlockSize)
            {
                bytes.CopyTo(block.AsMemory(_held));
                await connection.WriteAsync(block.AsMemory(0, _held + bytes.Length), cancellation)
                    .ConfigureAwait(false);
            }
            else if (connection is NetworkStream network && MemoryMarshal.TryGetArray(bytes, out var body))
            {
                await SendAsync(network.Socket, [new(block, 0, _held), body]).ConfigureAwait(false);
            }
            else
            {
                await connection.WriteAsync(block.AsMemory(0, _held), cancellation).ConfigureAwait(false);
                await connection.WriteAsync(bytes, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>
    /// Sends all of it. The client of the framework ends a connection whose request is given up, and with it this.
    /// </summary>
    private static async Task SendAsync(Socket socket, IList<ArraySegment<byte>> pieces)
    {
        try
        {
            await socket.SendAsync(pieces, SocketFlags.None).ConfigureAwait(false);
        }
        catch (SocketException broken)
        {
            // As a stream says it.
            throw new IOException(broken.Message, broken);
        }
    }

    /// <summary>The block that is held, for whoever sends it or gives it up: a connection may end at any time.
    /// </summary>
    private byte[]? Take() => Interlocked.Exchange(ref _block, null);

    private void LetGo()
    {
        if (Take() is { } block)
            ArrayPool<byte>.Shared.Return(block);
    }
}

/// <summary>What the head of a request says of its body.</summary>
/// <param name="Length">Bytes of the head, its empty line included.</param>
/// <param name="BodyLength">Bytes of the body.</param>
/// <param name="ExpectsContinue">The client waits for a go-ahead (RFC 9110, 10.1.1).</param>
internal readonly record struct HttpHead(int Length, long BodyLength, bool ExpectsContinue)
{
    /// <summary>False when the head is not whole, or its body's length is not given by <c>Content-Length</c>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out HttpHead head)
    {
        head = default;
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        long body = 0;
        var expects = false;
        foreach (var range in bytes[..end].Split("\r\n"u8))
        {
            var line = bytes[range];
            if (Is(line, "Content-Length:"u8, out var value))
            {
                if (!Utf8Parser.TryParse(value, out body, out var used) || used != value.Length || body < 0)
                    return false;
            }
            else if (Is(line, "Transfer-Encoding:"u8, out _) || Is(line, "Upgrade:"u8, out _))
            {
                return false;
            }
            else if (Is(line, "Expect:"u8, out _))
            {
                expects = true;
            }
        }

        head = new(end + 4, body, expects);
        return true;
    }

    private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (line.Length < name.Length || !Ascii.EqualsIgnoreCase(line[..name.Length], name))
            return false;
        value = line[name.Length..].Trim((byte)' ');
        return true;
    }
}
