using InfluxMirror.Inputs;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

public sealed class RequestIdTests
{
    [Fact]
    public void Ids_are_UUIDs_and_differ()
    {
        string[] ids = [.. Enumerable.Range(0, 10_000).Select(static _ => RequestId.Next())];

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, static id => Assert.Matches(
            "^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id));
    }
}
