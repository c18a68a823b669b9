using InfluxMirror.Delivery;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>How fast a backlog is read.</summary>
public sealed class CatchUpPaceTests
{
    private const int MiB = 1024 * 1024;

    private readonly FakeTimeProvider _time = new();
    private readonly CatchUpPace _pace;

    public CatchUpPaceTests() => _pace = new CatchUpPace(_time);

    [Fact]
    public void Without_a_bound_reading_never_pauses_for_one()
    {
        for (var i = 0; i < 1000; i++)
            Assert.Equal(TimeSpan.Zero, _pace.Read(MiB, 0));
    }

    [Fact]
    public void A_bound_holds_however_large_the_records_are()
    {
        var random = new Random(3);
        var began = _time.GetUtcNow();
        var bytes = 0L;
        for (var i = 0; i < 10_000; i++)
        {
            var size = random.Next(10) == 0 ? random.Next(2 * MiB) : random.Next(1000);
            bytes += size;
            _time.Advance(_pace.Read(size, 8 * MiB));
        }

        var rate = bytes / (_time.GetUtcNow() - began).TotalSeconds;
        Assert.InRange(rate, 7.9 * MiB, 8.1 * MiB);
    }

    [Fact]
    public void What_was_not_used_is_not_made_up_for()
    {
        _time.Advance(_pace.Read(MiB, MiB));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.InRange(_pace.Read(MiB, MiB).TotalSeconds, 0.99, 1.01);
    }

    [Fact]
    public void Each_mebibyte_is_followed_by_a_look_at_who_else_waits()
    {
        _pace.Read(MiB - 1, 0);
        Assert.False(_pace.IsTimeToYield);
        _pace.Read(1, 0);
        Assert.True(_pace.IsTimeToYield);
        _pace.Yielded(TimeSpan.Zero);
        Assert.False(_pace.IsTimeToYield);
    }

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(5, 5)]
    [InlineData(5_000, 100)]
    public void It_pauses_as_long_as_it_had_to_wait_for_others(double waitedMs, double pauseMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(pauseMs), _pace.Yielded(TimeSpan.FromMilliseconds(waitedMs)));
}
