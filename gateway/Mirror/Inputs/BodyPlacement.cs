using System.Buffers;

namespace InfluxMirror.Inputs;

/// <summary>
/// Between a connection and the request on it: where the next bytes may be received, so that a large body need not be
/// copied out of the connection's own memory. A host's transport has it as a feature of its connections; without it
/// everything works all the same. One read at a time.
/// </summary>
/// <param name="minLength">Bytes that the connection asks for at least.</param>
public sealed class BodyPlacement(int minLength)
{
    private IMemoryOwner<byte>? _place;

    /// <summary>Bytes a place must have at least.</summary>
    public int MinLength => minLength;

    /// <summary>For the connection: bytes of the place that is offered, all of which are to come; 0 for none.</summary>
    public int OfferedLength => _place?.Memory.Length ?? 0;

    /// <summary>
    /// Offers a place to the next read; whether it was used shows in the bytes the read gives. Null takes back one
    /// that was not taken.
    /// </summary>
    public void Offer(IMemoryOwner<byte>? place) => Interlocked.Exchange(ref _place, place)?.Dispose();

    /// <summary>
    /// For the connection: the place that is offered, null for none. It disposes of the owner when it is done with the
    /// memory: when the bytes were consumed, or it ends.
    /// </summary>
    public IMemoryOwner<byte>? Take() => Interlocked.Exchange(ref _place, null);
}
