using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

public sealed class ScriptImportTests
{
    [Theory]
    [InlineData("interval 2", "\"Interval\": \"00:00:02\"")]
    [InlineData("interval 0.5", "\"Interval\": \"00:00:00.5\"")]
    [InlineData("timeout 3", "\"Timeout\": \"00:00:03\"")]
    [InlineData("rise 2\nfall 3", "\"Fall\": 3")]
    [InlineData("weight -2", "\"Weight\": -2")]
    [InlineData("user www web", "\"Group\": \"web\"")]
    [InlineData("init_fail", "\"BeforeFirstResult\": \"Failed\"")]
    [InlineData("", "\"BeforeFirstResult\": \"Open\"")]
    public void A_statement_of_a_script(string statement, string json)
    {
        Imported imported = Imported.Script($"script /bin/c\n{statement}");

        Assert.Contains(json, imported.Json);
        Assert.Empty(imported.Read.Faults);
    }

    [Theory]
    [InlineData("script /etc/chk.sh", new[] { "/etc/chk.sh" })]
    [InlineData("script \"/etc/chk.sh -a 'b c' \\\"d e\\\"\"", new[] { "/etc/chk.sh", "-a", "b c", "d e" })]
    [InlineData("script /etc/chk.sh -a b", new[] { "/etc/chk.sh" })]
    [InlineData("script \"/etc/chk.sh a\" b", new[] { "/etc/chk.sh", "a" })]
    [InlineData("script \"killall -0 haproxy\"", new[] { "/usr/bin/killall", "-0", "haproxy" })]
    [InlineData("script \"/bin/sh -c 'a || b'\"", new[] { "/bin/sh", "-c", "a || b" })]
    [InlineData("script \"a || exit 1\"", new[] { "/bin/sh", "-c", "a || exit 1" })]
    [InlineData("script \"</dev/tcp/127.0.0.1/80\"", new[] { "/bin/sh", "-c", "</dev/tcp/127.0.0.1/80" })]
    [InlineData("script \"/etc/chk.sh {a}\"", new[] { "/etc/chk.sh", "{a}" })]
    public void Commands_become_a_program_and_its_arguments(string script, string[] words)
    {
        Imported imported = Imported.Script(script);

        Assert.Equal(CheckKind.Exec, imported.Check.Kind);
        Assert.Equal(words, imported.Check.Command!);
        Assert.Empty(imported.Read.Faults);
    }

    [Fact]
    public void A_program_without_a_path_is_looked_for() =>
        Assert.Equal("/usr/sbin/killall", Imported.Script(
            "script \"killall -0 x\"", new() { ["/usr/sbin/killall"] = "" }).Check.Command![0]);

    [Theory]
    [InlineData("user www", "", "www")]
    [InlineData("", "global_defs {\nscript_user nobody\n}", "nobody")]
    [InlineData("user www", "global_defs {\nscript_user nobody\n}", "www")]
    [InlineData("", "", null)]
    public void The_user_of_a_script_is_its_own_or_the_global_one(string statement, string before, string? user) =>
        Assert.Equal(user, Imported.Script($"script /bin/c\n{statement}", before: before).Check.User);

    [Fact]
    public void Without_a_user_the_difference_is_told() =>
        Assert.Equal(ImportOutcome.Changed, Imported.Script("script /bin/c").NoteOf("as vrrpd's own user").Outcome);

    [Theory]
    [InlineData("script \"curl http://192.0.2.1:8086/ping\"")]
    [InlineData("script \"/usr/bin/curl -s -o /dev/null http://192.0.2.1:8086/ping\"")]
    [InlineData("script \"curl 192.0.2.1:8086/ping\"")]
    [InlineData("script \"curl http://192.0.2.1:8086/ping > /dev/null 2>&1\"")]
    [InlineData("script /etc/chk.sh")]
    public void What_is_plainly_curl_becomes_an_http_check(string script)
    {
        Imported imported = Imported.Script(
            $"{script}\nweight -2", new() { ["/etc/chk.sh"] = "#!/bin/sh\ncurl http://192.0.2.1:8086/ping\n" });

        HttpCheckConfig check = Assert.IsType<HttpCheckConfig>(Assert.Single(imported.Read.Config!.Checks));
        Assert.Equal("http://192.0.2.1:8086/ping", check.Url.ToString());
        Assert.Equal([new StatusRange(200, 299)], check.Statuses);
        ImportNote note = imported.NoteOf("becomes a check of Kind Http");
        Assert.Equal((ImportOutcome.Changed, 3), (note.Outcome, note.Line));
        Assert.Contains("it now looks at the status", note.Text);
        Assert.Equal(
            BeforeFirstResult.Failed, Assert.Single(imported.Read.Config.Instances[0].Router.Tracked).BeforeFirstResult);
    }

    [Fact]
    public void The_limits_of_curl_are_kept()
    {
        Imported imported = Imported.Script("script \"curl -f -m 0.5 http://192.0.2.1/\"\ninterval 2");

        HttpCheckConfig check = Assert.IsType<HttpCheckConfig>(Assert.Single(imported.Read.Config!.Checks));
        Assert.Equal(TimeSpan.FromMilliseconds(500), check.Timeout);
        Assert.Equal([new StatusRange(200, 399)], check.Statuses);
    }

    [Theory]
    [InlineData("script \"curl -k https://192.0.2.1/\"")]
    [InlineData("script \"curl http://u:p@192.0.2.1/\"")]
    [InlineData("script \"curl ftp://192.0.2.1/\"")]
    [InlineData("script \"curl http://192.0.2.1/ | grep ok\"")]
    public void Other_calls_of_curl_stay_programs(string script) =>
        Assert.Equal(CheckKind.Exec, Imported.Script(script).Check.Kind);

    [Theory]
    [InlineData("weight 5 reverse", "c", 5, true)]
    [InlineData("weight 5 reverse", "c weight 7", 7, true)]
    [InlineData("weight 5", "c weight 300", 5, false)]
    [InlineData("weight 5", "c weight 7 reverse", 7, true)]
    [InlineData("weight 5", "c", 5, false)]
    public void Weights_can_be_turned_round(string script, string tracked, int weight, bool isReversed)
    {
        TrackedItem item = Assert.Single(Imported.Text(
            $"vrrp_script c {{\nscript /bin/c\n{script}\n}}\n"
            + $"vrrp_instance V {{\n{Imported.Least}\ntrack_script {{\n{tracked}\n}}\n}}")
            .Read.Config!.Instances[0].Router.Tracked);

        Assert.Equal((weight, isReversed), (item.Weight, item.Reverse));
    }

    [Theory]
    [InlineData("interval 1")]
    [InlineData("script \"\"")]
    public void A_script_without_a_program_is_told(string statements) =>
        Assert.Contains(Imported.Text($"vrrp_script c {{\n{statements}\n}}").Notes,
            note => note is { Outcome: ImportOutcome.NotKept, Line: 1 } && note.Text.Contains("has no script"));
}
