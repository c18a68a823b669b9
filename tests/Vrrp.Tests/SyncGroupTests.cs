using Xunit;

namespace Vrrp.Tests;

public sealed class SyncGroupTests
{
    private readonly List<RouterAction> _inside = [], _outside = [];
    private readonly SyncGroup _group;
    private long _now = RouterTimers.Second;

    public SyncGroupTests()
    {
        _group = new([new(Rig.V2 with { Name = "in" }, _inside),
            new(Rig.V2 with { Name = "out", VirtualRouterId = 101 }, _outside)]);
        for (int i = 0; i < 2; i++)
        {
            Send(i, RouterEvent.LinkChanged(true));
            Send(i, RouterEvent.LocalAddressChanged(Rig.Local));
            Send(i, RouterEvent.Start);
        }
    }

    [Fact]
    public void When_one_becomes_master_all_do()
    {
        Become(RouterState.Master);
        Assert.Equal("advert 100, add all, announce 5, Backup->Master SyncGroup", Rig.Text(_outside));
    }

    [Fact]
    public void When_one_gives_way_all_do()
    {
        Become(RouterState.Master);
        Send(0, RouterEvent.AdvertReceived(new(Rig.Higher, 101, RouterTimers.Second)));
        AssertAll(RouterState.Backup);
        Assert.Equal("remove all, advert 0, Master->Backup SyncGroup", Rig.Text(_outside));
    }

    [Fact]
    public void When_one_faults_all_do_until_it_is_over()
    {
        Become(RouterState.Master);
        Send(1, RouterEvent.LinkChanged(false));
        AssertAll(RouterState.Fault);
        Assert.Equal("remove all, advert 0, Master->Fault SyncGroup", Rig.Text(_inside));
        Send(0, RouterEvent.LinkChanged(false));
        Send(1, RouterEvent.LinkChanged(true));
        AssertAll(RouterState.Fault);
        Send(0, RouterEvent.LinkChanged(true));
        AssertAll(RouterState.Backup);
    }

    [Fact]
    public void A_member_that_starts_with_a_fault_holds_the_others()
    {
        List<RouterAction> actions = [];
        SyncGroup group = new([new(Rig.V2, actions), new(Rig.V2, actions)]);
        group.Handle(0, RouterEvent.LinkChanged(true), 1);
        group.Handle(0, RouterEvent.LocalAddressChanged(Rig.Local), 1);
        group.Handle(0, RouterEvent.Start, 1);
        Assert.Equal(RouterState.Backup, group.Members[0].State);
        group.Handle(1, RouterEvent.Start, 1);
        Assert.All(group.Members, member => Assert.Equal(RouterState.Fault, member.State));
    }

    [Fact]
    public void A_member_that_shuts_down_leaves_the_others_alone()
    {
        Become(RouterState.Master);
        Send(1, RouterEvent.Shutdown);
        Assert.Equal(RouterState.Master, _group.Members[0].State);
        Assert.Equal(RouterState.Initialize, _group.Members[1].State);
    }

    private void Send(int member, in RouterEvent happened)
    {
        _inside.Clear();
        _outside.Clear();
        _group.Handle(member, happened, _now);
    }

    private void Become(RouterState state)
    {
        _now = _group.Members[0].NextDeadline;
        Send(0, RouterEvent.DeadlineReached);
        AssertAll(state);
    }

    private void AssertAll(RouterState state) =>
        Assert.All(_group.Members, member => Assert.Equal(state, member.State));
}
