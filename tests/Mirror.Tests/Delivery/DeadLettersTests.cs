using InfluxMirror.Delivery;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class DeadLettersTests
{
    [Fact]
    public async Task A_letter_says_what_when_who_and_why()
    {
        FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(50));
        DeadLetters letters = new(time, () => 10_000);

        Assert.True(await letters.FileAsync(
            "a", Records.Write("x", "m v=1\nm v=2", client: "10.0.0.9"), "field type conflict"));

        DeadLetter letter = Assert.Single(letters.List());
        Assert.Equal((1, time.GetUtcNow()), (letter.Id, letter.Time));
        Assert.Equal(("a", "10.0.0.9", "x", 2), (letter.Destination, letter.Client, letter.Database, letter.Points));
        Assert.Equal(("field type conflict", "m v=1\nm v=2"), (letter.Reason, letter.Sample));
    }

    [Fact]
    public void A_record_is_known_again_though_the_case_of_the_letters_in_its_destination_changed()
    {
        LetterIndex index = new(overhead: 0);
        LetterNote note = new(0, DateTimeOffset.UnixEpoch, "bee", "no", 1, Position: 5, RecordKind.Write);
        index.Add(LetterFormat.Describe(7, note, Records.Write("x", "m v=1")));

        Assert.Equal((7, 0), (index.Of("Bee", 5), index.Of("Bee", 6)));
        Assert.True(index.Remove(7));
        Assert.Equal(0, index.Of("bee", 5));
    }

    [Fact]
    public async Task The_oldest_goes_first_and_is_counted()
    {
        DeadLetters letters = new(new FakeTimeProvider(), () => 3 * (256 + 5));

        for (int i = 0; i < 10; i++)
            Assert.True(await letters.FileAsync("a", Records.Write("x", $"m v={i}"), "no"));

        Assert.Equal([8, 9, 10], letters.List().Select(static letter => (int)letter.Id));
        Assert.Equal((10, 7), (letters.Filed, letters.Discarded));
    }

    [Fact]
    public async Task A_letter_is_taken_by_one_at_a_time_and_as_it_is_then()
    {
        DeadLetters letters = new(new FakeTimeProvider(), () => 10_000);
        Assert.True(await letters.FileAsync("a", Records.Write("x", "m v=1\nm v=2"), "no"));
        Assert.Equal(2, letters.Take(1)!.Rejected);
        Assert.Null(letters.Take(1));

        Assert.True(await letters.ChangeAsync(1, "partial write: no dropped=1", 1));
        letters.PutBack(1);

        Assert.Equal(1, letters.Take(1)!.Rejected);
    }

    [Fact]
    public async Task The_newest_is_kept_though_it_alone_is_larger_than_the_bound()
    {
        DeadLetters letters = new(new FakeTimeProvider(), () => 1000);
        string large = $"m v=\"{new string('x', 5000)}\"";

        Assert.True(await letters.FileAsync("a", Records.Write("x", "m v=1"), "no"));
        Assert.True(await letters.FileAsync("a", Records.Write("x", large), "no"));
        DeadLetter kept = Assert.Single(letters.List());
        MirroredRecord record = (await letters.ReadAsync(kept))!;
        Assert.Equal((5006, 1), (record.Body.Length, letters.Discarded));
        record.Body.Release();

        Assert.True(await letters.FileAsync("a", Records.Write("x", "m v=3"), "no"));
        Assert.Equal("m v=3", Assert.Single(letters.List()).Sample);
    }
}
