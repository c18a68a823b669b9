using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class ReadPatienceTests
{
    private static readonly DiskException Fails = new(DiskFault.Failed, "The disk fails.");
    private static readonly DiskException IsGone = new(DiskFault.Missing, "It is gone.");

    private readonly FakeTimeProvider _time = new();
    private readonly ReadPatience _patience;

    public ReadPatienceTests() => _patience = new ReadPatience(_time);

    [Fact]
    public void A_place_is_asked_for_half_a_minute()
    {
        Assert.Equal(31, TriesOf(1));
    }

    [Fact]
    public void A_disk_that_takes_its_time_to_fail_is_asked_five_times()
    {
        Assert.Equal(5, TriesOf(1, 30));
    }

    [Fact]
    public void A_time_in_which_nobody_asked_is_no_time_in_which_the_disk_failed()
    {
        Assert.False(_patience.IsOver(1, Fails));
        _time.Advance(TimeSpan.FromMinutes(10));
        for (int i = 0; i < 20; i++)
        {
            Assert.False(_patience.IsOver(1, Fails));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void What_is_gone_is_given_up_with_the_second_try()
    {
        Assert.False(_patience.IsOver(1, IsGone));
        Assert.True(_patience.IsOver(1, IsGone));
    }

    [Fact]
    public void When_one_place_was_given_up_two_tries_are_enough_for_the_next_ones()
    {
        TriesOf(1);
        Assert.Equal((2, 2, 2), (TriesOf(2), TriesOf(3), TriesOf(4, 50)));
    }

    [Fact]
    public void When_a_place_that_failed_comes_back_the_others_have_their_half_minute_again()
    {
        TriesOf(1);
        Assert.False(_patience.IsOver(2, Fails));
        _patience.NoteRead(2);
        Assert.Equal(31, TriesOf(3));
    }

    [Fact]
    public void That_what_follows_a_place_that_was_given_up_can_be_read_is_no_hope_for_others()
    {
        TriesOf(1);
        _patience.NoteRead(1);
        _patience.NoteRead(7);
        Assert.Equal(2, TriesOf(2));
    }

    [Fact]
    public void A_minute_without_trouble_makes_the_next_one_a_new_one()
    {
        TriesOf(1);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(31, TriesOf(2));
    }

    /// <summary>What a disk does that fails now and then, for hours: each place is given with the second try.</summary>
    [Fact]
    public void A_disk_that_fails_each_place_twice_for_hours_costs_none()
    {
        for (int place = 0; place < 20_000; place++)
        {
            for (int i = 0; i < 2; i++)
            {
                Assert.False(_patience.IsOver(place, Fails));
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            _patience.NoteRead(place);
        }
    }

    [Fact]
    public void Places_that_nobody_asks_for_again_are_forgotten_when_there_are_many()
    {
        for (int place = 0; place < 100_000; place++)
            Assert.False(_patience.IsOver(place, Fails));
        Assert.Equal(31, TriesOf(200_000));
    }

    private int TriesOf(long place, int seconds = 1)
    {
        int tries = 1;
        for (; !_patience.IsOver(place, Fails); tries++)
            _time.Advance(TimeSpan.FromSeconds(seconds));
        return tries;
    }
}
