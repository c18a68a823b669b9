using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration.Report;

public sealed class PermissionTests
{
    private static readonly RunPermissions Nothing = new(false, false, "vrrpd");

    [Theory]
    [InlineData("0000000000000000", "0", false, false)]
    [InlineData("0000000000800000", "0", true, false)]
    [InlineData("00000000000000c0", "0", false, true)]
    [InlineData("0000000000000080", "0", false, false)]
    [InlineData("0000000000000000", "1", true, false)]
    [InlineData("0000000000000000", "unlimited", true, false)]
    public void Permissions_are_read_from_the_kernels_files(string held, string limit, bool realtime, bool others) =>
        Assert.Equal(new(realtime, others, "u"), RunPermissions.Parse(
            ["Name:\tvrrpd", $"CapEff:\t{held}"],
            ["Limit  Soft Limit  Hard Limit", $"Max realtime priority     {limit}      99      "], "u"));

    [Fact]
    public void Without_the_kernels_files_nothing_is_permitted() =>
        Assert.Equal(new(false, false, "u"), RunPermissions.Parse([], [], "u"));

    [Fact]
    public void Only_intervals_below_a_second_need_realtime_priority()
    {
        DaemonConfig fast = Written.Valid(Written.Instance("\"Version\": 3, \"AdvertInterval\": \"00:00:00.1\""));

        Assert.Empty(PermissionNeeds.Of(Written.Valid(Written.Instance("\"Version\": 3")), Nothing));
        Assert.Empty(PermissionNeeds.Of(fast, Nothing with { Realtime = true }));
        Assert.Equal("Instances:VI_1:AdvertInterval", Assert.Single(PermissionNeeds.Of(fast, Nothing)).Path);
    }

    [Fact]
    public void Another_user_needs_the_permission_to_become_one()
    {
        DaemonConfig config = Written.Valid(Written.Instance(
            "\"Notify\": { \"Any\": [\"/bin/n\"], \"User\": \"www\" }",
            """ "Checks": { "c": { "Kind": "Exec", "Command": ["/bin/c"], "User": "nobody" } } """));

        Assert.Equal(
            ["Checks:c:Command", "Instances:VI_1:Notify:Any"],
            PermissionNeeds.Of(config, Nothing).Select(need => need.Path));
        Assert.Equal(
            ["Checks:c:Command"], PermissionNeeds.Of(config, Nothing with { User = "www" }).Select(need => need.Path));
        Assert.Empty(PermissionNeeds.Of(config, Nothing with { OtherUsers = true }));
    }
}
