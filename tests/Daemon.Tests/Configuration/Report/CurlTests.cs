using Vrrp.Daemon.Configuration.Report;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration.Report;

public sealed class CurlTests
{
    [Theory]
    [InlineData("curl http://a/ping", true, false, null)]
    [InlineData("/usr/bin/curl -sf -o /dev/null -m 2 http://a/ping", true, true, 2.0)]
    [InlineData("curl -fsSm0.5 'http://a/ping'", true, true, 0.5)]
    [InlineData("curl --fail --max-time 3 --url http://a/ping", true, true, 3.0)]
    [InlineData("curl http://a/ping?x=1 > /dev/null 2>&1", true, false, null)]
    [InlineData("curl -k https://a/ping", false, false, null)]
    [InlineData("curl -X POST http://a/ping", false, false, null)]
    [InlineData("curl -H 'Host: b' -f http://a/ping", false, true, null)]
    [InlineData("curl http://a/ping http://b/ping", false, false, null)]
    [InlineData("curl", false, false, null)]
    public void What_curl_is_asked_to_do(string line, bool isPlain, bool failsOnStatus, double? seconds)
    {
        CurlCommand curl = CurlCommand.Parse(ShellScript.Words(line)!)!;

        Assert.Equal((isPlain, failsOnStatus, seconds), (curl.IsPlain, curl.FailsOnStatus, curl.MaxTime?.TotalSeconds));
        if (isPlain)
            Assert.StartsWith("http://a/ping", curl.Url);
    }

    [Fact]
    public void Another_program_is_not_curl() => Assert.Null(CurlCommand.Parse(["/usr/bin/wget", "http://a/"]));

    [Theory]
    [InlineData("curl http://a/ping\n")]
    [InlineData("#!/bin/sh\n# probe\n\n  curl http://a/ping  \n")]
    [InlineData("#!/bin/sh\r\ncurl http://a/ping\r\n")]
    public void A_script_of_one_command_is_that_command(string text) =>
        Assert.Equal(["curl", "http://a/ping"], ShellScript.OnlyCommand(text));

    [Theory]
    [InlineData("")]
    [InlineData("#!/bin/sh\n")]
    [InlineData("curl http://a/ping\nexit 0\n")]
    [InlineData("curl http://a/ping | grep ok")]
    [InlineData("curl http://a/ping || exit 1")]
    [InlineData("curl \"http://$HOST/ping\"")]
    [InlineData("curl `cat url`")]
    [InlineData("curl http://a/*")]
    [InlineData("curl 'http://a/ping")]
    [InlineData("! curl http://a/ping & ")]
    public void A_script_that_does_more_is_left_alone(string text) => Assert.Null(ShellScript.OnlyCommand(text));
}
