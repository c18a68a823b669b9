using System.Buffers;
using Gateway.Listeners;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace InfluxMirror.Tests.Host;

public sealed class ReceivePoolTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(65_536)]
    public void Every_block_has_64_KiB(int asked)
    {
        using ReceivePool pool = new(TimeProvider.System);
        using IMemoryOwner<byte> block = pool.Rent(asked);

        Assert.Equal(65_536, block.Memory.Length);
    }

    [Fact]
    public void More_than_a_block_is_refused()
    {
        using ReceivePool pool = new(TimeProvider.System);

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(65_537));
    }

    [Fact]
    public void A_returned_block_is_used_again()
    {
        using ReceivePool pool = new(TimeProvider.System);
        IMemoryOwner<byte> first = pool.Rent();
        first.Memory.Span[7] = 42;
        first.Dispose();
        using IMemoryOwner<byte> second = pool.Rent();

        Assert.Equal(42, second.Memory.Span[7]);
        Assert.Equal(0, pool.Kept);
    }

    [Fact]
    public void A_block_returned_twice_has_one_next_user()
    {
        using ReceivePool pool = new(TimeProvider.System);
        IMemoryOwner<byte> block = pool.Rent();
        block.Dispose();
        using IMemoryOwner<byte> next = pool.Rent();
        block.Dispose();
        using IMemoryOwner<byte> another = pool.Rent();

        next.Memory.Span[0] = 1;
        another.Memory.Span[0] = 2;
        Assert.Equal(1, next.Memory.Span[0]);
    }

    [Fact]
    public void Blocks_are_kept_up_to_a_bound()
    {
        using ReceivePool pool = new(TimeProvider.System);
        IMemoryOwner<byte>[] blocks = [.. Enumerable.Range(0, ReceivePool.MaxKept + 10).Select(_ => pool.Rent())];
        foreach (IMemoryOwner<byte> block in blocks)
            block.Dispose();

        Assert.Equal(ReceivePool.MaxKept, pool.Kept);
    }

    [Fact]
    public void What_nobody_needed_between_two_trims_is_let_go()
    {
        FakeTimeProvider time = new();
        using ReceivePool pool = new(time);
        IMemoryOwner<byte>[] burst = [.. Enumerable.Range(0, 8).Select(_ => pool.Rent())];
        foreach (IMemoryOwner<byte> block in burst)
            block.Dispose();

        time.Advance(ReceivePool.TrimInterval);
        Assert.Equal(8, pool.Kept);
        IMemoryOwner<byte>[] needed = [.. Enumerable.Range(0, 3).Select(_ => pool.Rent())];
        foreach (IMemoryOwner<byte> block in needed)
            block.Dispose();
        time.Advance(ReceivePool.TrimInterval);

        Assert.Equal(3, pool.Kept);
    }

    [Fact]
    public void A_closed_pool_keeps_nothing()
    {
        ReceivePool pool = new(TimeProvider.System);
        IMemoryOwner<byte> block = pool.Rent();
        pool.Dispose();
        block.Dispose();

        Assert.Equal(0, pool.Kept);
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
    }
}
