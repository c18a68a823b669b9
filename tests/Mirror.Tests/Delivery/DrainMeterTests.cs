using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class DrainMeterTests
{
    [Fact]
    public void A_steady_drain_tells_its_rate_and_the_time_left()
    {
        DrainMeter meter = new();
        for (int second = 1; second <= 60; second++)
            meter.Note(TimeSpan.FromSeconds(second), second * 1000L, 100_000 - (second * 600L));

        Assert.Equal(1000, meter.BytesPerSecond, tolerance: 20);
        Assert.Equal(64_000 / 600.0, meter.SecondsLeft!.Value, tolerance: 5);
    }

    [Fact]
    public void A_backlog_that_grows_has_no_end_in_sight()
    {
        DrainMeter meter = new();
        for (int second = 1; second <= 20; second++)
            meter.Note(TimeSpan.FromSeconds(second), second * 1000L, second * 10L);

        Assert.Null(meter.SecondsLeft);
    }

    [Fact]
    public void Without_a_backlog_no_time_is_left()
    {
        DrainMeter meter = new();
        meter.Note(TimeSpan.FromSeconds(1), 5000, 0);

        Assert.Equal(0, meter.SecondsLeft);
    }

    [Fact]
    public void The_same_moment_twice_changes_nothing()
    {
        DrainMeter meter = new();
        meter.Note(TimeSpan.FromSeconds(1), 1000, 10);
        double before = meter.BytesPerSecond;
        meter.Note(TimeSpan.FromSeconds(1), 9000, 90);

        Assert.Equal(before, meter.BytesPerSecond);
    }
}
