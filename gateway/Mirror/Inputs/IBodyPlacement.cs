using System.Buffers;

namespace InfluxMirror.Inputs;

/// <summary>
/// A feature of connections that can receive bytes where they are to stay, instead of into memory of their own, from
/// which they have to be copied. Used for bodies of plain HTTP/1.1 requests, whose bytes are the connection's; without
/// the feature everything works all the same.
/// </summary>
public interface IBodyPlacement
{
    /// <summary>Bytes a place must have at least.</summary>
    int MinLength { get; }

    /// <summary>
    /// Where the next read may receive into, if it finds nothing that waits: whether it does shows in the bytes it
    /// gives. The connection disposes of the owner when it is done with the memory, at the latest when the bytes were
    /// consumed or it ends.
    /// </summary>
    /// <param name="place">The place; null takes back one that was not used.</param>
    void Offer(IMemoryOwner<byte>? place);
}
