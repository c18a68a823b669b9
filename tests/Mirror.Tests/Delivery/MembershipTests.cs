using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Whom a cursor names that is saved while destinations begin.</summary>
public sealed class MembershipTests : IDisposable
{
    private readonly ScratchJournal _scratch = new();

    [Fact]
    public async Task Whoever_lost_its_place_is_named_before_it_has_begun()
    {
        await using JournalStore store = Open();
        Save(store, "a", "a", "b");
        Membership members = new(store);
        members.Look(["a", "b"]);
        Assert.Equal((true, false), (members.Of("b").WasKnown, members.Of("b").WasAbsent));
        Assert.Equal(["a", "b"], members.Now);
    }

    /// <summary>That it was away may be known from others' places only, if its own could not be saved when it went.
    /// </summary>
    [Fact]
    public async Task Whoever_was_away_is_named_when_it_has_begun()
    {
        await using JournalStore store = Open();
        Save(store, "a", "a", "b");
        Membership members = new(store);
        members.Look(["a"]);
        members.Change(["a"]);
        Save(store, "a", "a");
        Save(store, "b", "a", "b");

        members.Look(["b"]);
        Assert.True(members.Of("b").WasAbsent);
        Assert.Equal(["a"], members.Now);
        members.Change(["a", "b"]);
        Assert.Equal(["a", "b"], members.Now);
    }

    [Fact]
    public async Task A_newcomer_is_named_when_it_has_begun()
    {
        await using JournalStore store = Open();
        Save(store, "a", "a");
        Membership members = new(store);
        members.Look(["a", "c"]);
        Assert.False(members.Of("c").WasKnown);
        Assert.Equal(["a"], members.Now);
    }

    public void Dispose() => _scratch.Dispose();

    private static void Save(JournalStore store, string cursor, params string[] members) => store.Save(
        cursor,
        new CursorState(0, new PositionRuns(), new CourierState(0, default, NeedsResync: false, members).Encode()));

    private JournalStore Open() => JournalStore.Open(
        new LinuxDisk(_scratch.Folder), _scratch.Options, static found => RecordHeader.Decode(found), static _ => { });
}
