using InfluxMirror.Journal;
using Xunit;

namespace InfluxMirror.Tests.Journal;

public sealed class SharedBufferTests
{
    [Fact]
    public void A_copy_holds_the_bytes_and_not_the_rest_of_its_block()
    {
        SharedBuffer buffer = SharedBuffer.Copy("m v=1\n"u8);

        Assert.Equal("m v=1\n"u8, buffer.Span);
        Assert.Equal(6, buffer.Memory.Length);
        using Stream stream = buffer.OpenRead();
        Assert.Equal(6, stream.Length);
        Assert.False(stream.CanWrite);
    }

    [Fact]
    public void Growing_keeps_what_is_in_use()
    {
        SharedBuffer buffer = SharedBuffer.Copy("abc"u8);

        buffer.Grow(buffer.Capacity + 1);

        Assert.Equal("abc"u8, buffer.Span);
    }

    [Fact]
    public void The_block_stays_until_the_last_owner_lets_go()
    {
        SharedBuffer buffer = SharedBuffer.Copy("abc"u8);
        buffer.AddReference();

        buffer.Release();
        Assert.Equal("abc"u8, buffer.Span);

        buffer.Release();
        Assert.Equal(0, buffer.Length);
        Assert.Equal(0, buffer.Capacity);
    }

    [Fact]
    public void Letting_go_once_too_often_is_an_error_and_not_a_second_return_to_the_pool()
    {
        SharedBuffer buffer = SharedBuffer.Rent(10);
        buffer.Release();

        Assert.Throws<ObjectDisposedException>(buffer.Release);
    }

    [Fact]
    public void Owners_may_come_and_go_on_any_thread()
    {
        SharedBuffer buffer = SharedBuffer.Copy("abc"u8);

        Parallel.For(0, 10_000, _ =>
        {
            buffer.AddReference();
            Assert.Equal(3, buffer.Length);
            buffer.Release();
        });

        buffer.Release();
        Assert.Equal(0, buffer.Capacity);
    }
}
