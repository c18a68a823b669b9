using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class SharedNamesTests
{
    [Fact]
    public void A_name_is_kept_once_and_a_long_one_not_at_all()
    {
        string? first = SharedNames.Of(new string('a', 255));

        Assert.Equal(new string('a', 255), first);
        Assert.Same(first, SharedNames.Of(new string('a', 255)));
        Assert.Same(SharedNames.Long, SharedNames.Of(new string('a', 256)));
        Assert.Null(SharedNames.Of(null));
    }

    [Fact]
    public void There_may_be_any_number_of_names()
    {
        for (int i = 0; i < 5000; i++)
            Assert.Equal($"rp{i}", SharedNames.Of($"rp{i}"));
    }
}
