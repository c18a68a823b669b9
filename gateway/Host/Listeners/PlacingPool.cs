using System.Buffers;
using InfluxMirror.Inputs;

namespace Gateway.Listeners;

/// <summary>
/// The memory one connection receives into: the place its request offers for a body, else blocks that all share.
/// </summary>
internal sealed class PlacingPool(BodyPlacement placement, ReceivePool blocks) : MemoryPool<byte>
{
    public override int MaxBufferSize => ReceivePool.BlockSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => placement.Take() ?? blocks.Rent(minBufferSize);

    protected override void Dispose(bool disposing) => placement.Offer(null);
}
