using Vrrp.Daemon.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

public sealed class KeepalivedLineTests
{
    [Theory]
    [InlineData("interval 1    #每隔1秒探测一次", "interval 1    ")]
    [InlineData("! all of it", "")]
    [InlineData("auth_pass a!b", "auth_pass a")]
    [InlineData("auth_pass \"a#b!c\" # d", "auth_pass \"a#b!c\" ")]
    [InlineData("auth_pass a\\#b # c", "auth_pass a\\#b ")]
    public void Comments_end_a_line_but_not_inside_quotes(string line, string rest)
    {
        Assert.Equal(rest, KeepalivedLine.WithoutComment(line, out bool goesOn));
        Assert.False(goesOn);
    }

    [Fact]
    public void A_backslash_at_the_end_takes_the_next_line_in()
    {
        Assert.Equal("a ", KeepalivedLine.WithoutComment("a \\  ", out bool goesOn));
        Assert.True(goesOn);
    }

    [Theory]
    [InlineData("script \"/bin/a b\" 'c d'", "script|/bin/a b|c d")]
    [InlineData("a\tb\r", "a|b")]
    [InlineData("a \"\" b", "a||b")]
    [InlineData("a \"b\\\"c\" d\\ e", "a|b\"c|d e")]
    [InlineData("vrrp_instance V{", "vrrp_instance|V|{")]
    [InlineData("group { a } b", "group|{|a|}|b")]
    [InlineData("a \"{\" '}'", "a|{|}")]
    [InlineData("${A}/24 x${B}y", "${A}/24|x${B}y")]
    [InlineData("a 'b c", "a|b c")]
    [InlineData("", "")]
    public void Words_are_split_by_space_quote_and_brace(string line, string words) =>
        Assert.Equal(words, string.Join('|', KeepalivedLine.Words(line).Select(word => word.Text)));

    [Fact]
    public void A_quoted_brace_is_a_word() =>
        Assert.Equal([false, true], KeepalivedLine.Words("\"{\" {").Select(word => word.IsBrace));
}
