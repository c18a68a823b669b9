using Xunit;

namespace Vrrp.Tests.Simulation;

public sealed class SimulationTests
{
    private const int Seeds = 4000;

    [Fact]
    public void Once_packets_are_not_lost_there_is_one_owner_and_there_always_is_one()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            string? wrong = Examine(seed);
            Assert.True(wrong is null, $"seed {seed}: {wrong}");
        }
    }

    [Fact]
    public void The_simulation_sees_two_owners_and_none_while_packets_are_lost()
    {
        int two = 0, none = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            Lab lab = new(seed);
            bool sawTwo = false, sawNone = false;
            lab.Run(lab.HealedAt, (from, to, owners) =>
            {
                sawTwo |= owners > 1 && to - from > lab.MaxDelay;
                sawNone |= owners == 0 && from > lab.HealedAt / 2;
            });
            two += sawTwo ? 1 : 0;
            none += sawNone ? 1 : 0;
        }

        Assert.True(two > 50 && none > 50, $"{two} runs with two owners, {none} with none");
    }

    private static string? Examine(int seed)
    {
        Lab lab = new(seed);
        try
        {
            return Examine(lab);
        }
        catch (InvalidOperationException wrong)
        {
            return wrong.Message;
        }
    }

    private static string? Examine(Lab lab)
    {
        string? wrong = null;
        long doubled = 0;
        lab.Run(lab.HealedAt + lab.MasterDown + lab.Lease);

        // A master that is preempted learns it with the first advertisement: until then there are two, but not longer.
        long preempted = RouterConfigMicros(lab.Config.PreemptDelay) + lab.MasterDown + lab.Interval;
        long settled = lab.HealedAt + lab.MasterDown + lab.Lease + preempted;
        lab.Run(settled, (from, to, owners) =>
        {
            doubled = owners > 1 ? doubled + to - from : 0;
            if (owners == 0 && to > from)
                wrong ??= $"no owner at {from - lab.HealedAt} us after the heal";
            if (doubled > 2 * lab.MaxDelay)
                wrong ??= $"{owners} owners at {to - lab.HealedAt} us after the heal";
        });

        lab.Run(settled + 10 * lab.Interval, (from, to, owners) =>
        {
            if (owners != 1)
                wrong ??= $"{owners} owners at {from - lab.HealedAt} us after the heal, when all is settled";
        });
        return wrong ?? (lab.Config.Preempt ? ExamineWinner(lab) : null);
    }

    private static string? ExamineWinner(Lab lab)
    {
        SimulatedNode best = lab.Nodes.Where(node => node.IsRunning)
            .OrderByDescending(node => node.Router.Priority).First();
        SimulatedNode owner = lab.Nodes.Single(node => node.Router.State == RouterState.Master && node.IsRunning);
        return owner.Router.Priority == best.Router.Priority
            ? null
            : $"{owner.Address} of priority {owner.Router.Priority} won over {best.Address} of {best.Router.Priority}";
    }

    private static long RouterConfigMicros(TimeSpan time) => (long)time.TotalMicroseconds;
}
