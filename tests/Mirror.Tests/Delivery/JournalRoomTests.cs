using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>How much room a journal is to have.</summary>
public sealed class JournalRoomTests
{
    private const int Segment = 64 << 20;
    private const long Limit = 50_000_000_000;
    private const long Reserve = 1L << 30;

    private readonly JournalRoom _room = new(Segment, spares: 2);

    [Fact]
    public void Below_its_limit_it_has_a_part_of_it()
    {
        Assert.True(_room.Missing(Full(Limit - (Limit / 32)), refused: 0) <= 0);
        Assert.Equal(1, _room.Missing(Full(Limit - (Limit / 32) + 1), refused: 0));
    }

    [Fact]
    public void What_comes_fast_has_the_room_of_four_seconds_but_not_more_than_half_the_journal()
    {
        Write(seconds: 10, bytesPerSecond: 1_000_000_000);
        Assert.Equal(0, _room.Missing(Full(Limit - 4_000_000_000), refused: 0));
        Write(seconds: 10, bytesPerSecond: 10_000_000_000);
        Assert.Equal(0, _room.Missing(Full(Limit / 2), refused: 0));
    }

    [Fact]
    public void A_pause_between_two_bursts_is_not_taken_for_a_slow_writer()
    {
        Write(seconds: 10, bytesPerSecond: 1_000_000_000);
        Write(seconds: 2, bytesPerSecond: 0);
        Assert.InRange(_room.Missing(Full(Limit), refused: 0), 3_000_000_000, 3_500_000_000);
        Write(seconds: 60, bytesPerSecond: 0);
        Assert.Equal(Limit / 32, _room.Missing(Full(Limit), refused: 0));
    }

    [Fact]
    public void A_record_that_was_refused_has_room_in_whole_files_unless_it_would_not_fit_at_all()
    {
        Assert.Equal(41L * Segment, _room.Missing(Full(Limit), refused: 39L * Segment));
        Assert.Equal(Limit / 32, _room.Missing(Full(Limit), refused: Limit));
    }

    [Theory]
    [InlineData(2 * Segment, 0, 0)]
    [InlineData(0, 2, 0)]
    [InlineData(Segment, 1, 0)]
    [InlineData(Segment, 0, Segment)]
    [InlineData(0, 0, 2 * Segment)]
    public void Above_the_reserve_it_has_the_space_of_two_files(long above, int spares, long missing) =>
        Assert.Equal(missing, _room.Missing(OnDisk(Reserve + above, spares), refused: 0));

    [Fact]
    public void Above_the_reserve_what_comes_fast_has_more_and_below_it_no_more_than_the_files_it_may_use_again()
    {
        Write(seconds: 10, bytesPerSecond: 100_000_000);
        Assert.Equal(400_000_000 - (2L * Segment), _room.Missing(OnDisk(Reserve, spares: 2), refused: 0));
        Assert.Equal(0, _room.Missing(OnDisk(Reserve - 1, spares: 2), refused: 0));
        Assert.Equal(Segment, _room.Missing(OnDisk(0, spares: 1), refused: 0));
    }

    private TimeSpan _now = TimeSpan.FromDays(1);
    private long _written;

    private void Write(int seconds, long bytesPerSecond)
    {
        for (int i = 0; i < seconds; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            _room.Note(_now, _written += bytesPerSecond);
        }
    }

    private static LogUsage Full(long bytes) => new(
        bytes, Limit, WaitingBytes: 0, Spares: 0, SpareBytes: 0, FreeBytes: 1L << 40, Reserve, IsShortOfSpace: false);

    private static LogUsage OnDisk(long free, int spares) => new(
        10L << 30, Limit, WaitingBytes: 0, spares, (long)spares * Segment, free, Reserve, IsShortOfSpace: true);
}
