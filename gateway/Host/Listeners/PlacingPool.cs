using System.Buffers;
using InfluxMirror.Inputs;

namespace Gateway.Listeners;

/// <summary>
/// The memory one connection receives into: the place its request offers for a body, else blocks that all share.
/// </summary>
internal sealed class PlacingPool(ReceivePool blocks) : MemoryPool<byte>, IBodyPlacement
{
    private IMemoryOwner<byte>? _place;

    public override int MaxBufferSize => ReceivePool.BlockSize;

    // A block is what the connection asks for, and it must not get less.
    public int MinLength => ReceivePool.BlockSize;

    public void Offer(IMemoryOwner<byte>? place) => Interlocked.Exchange(ref _place, place)?.Dispose();

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        Interlocked.Exchange(ref _place, null) ?? blocks.Rent(minBufferSize);

    protected override void Dispose(bool disposing) => Offer(null);
}
