using Vrrp.Daemon.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

public sealed class KeepalivedParserTests
{
    private readonly ImportNotes _notes = new();

    [Theory]
    [InlineData("a {\n b 1\n c {\n d\n }\n}\ne", "a{b(1) c{d}} e")]
    [InlineData("a { b 1\n c { d } }", "a{b(1) c{d}}")]
    [InlineData("a\n{\nb\n}", "a{b}")]
    [InlineData("a x y { }", "a(x y){}")]
    [InlineData("\ufeffa\r\nb\r\n", "a b")]
    [InlineData("script \"a \\\n b\"", "script(a  b)")]
    public void Statements_and_blocks(string text, string tree)
    {
        Assert.Equal(tree, Tree(text));
        Assert.Empty(_notes.All);
    }

    [Fact]
    public void Lines_are_counted_from_one_and_files_are_named()
    {
        KeepalivedNode root = Parse("a\n\n# c\nb\ninclude d.conf", new() { ["/etc/d.conf"] = "\ne" });

        Assert.Equal(
            [("/etc/k.conf", 1), ("/etc/k.conf", 4), ("/etc/d.conf", 2)],
            root.Children.Select(node => (node.File, node.Line)));
    }

    [Theory]
    [InlineData("a {\nb", "1: a: its block is not closed")]
    [InlineData("a\n}\nb", "2: a } too much")]
    [InlineData("{\na\n}\nb", "1: a block that nothing opens")]
    public void What_does_not_match_is_told(string text, string told)
    {
        Parse(text);

        Assert.Contains(told, Assert.Single(_notes.All).ToString().Replace("not kept: ", ""));
    }

    [Fact]
    public void Blocks_too_deep_in_each_other_are_left_out_and_the_rest_is_read()
    {
        string deep = string.Concat(Enumerable.Repeat("a {\n", 100)) + string.Concat(Enumerable.Repeat("}\n", 100));

        Assert.Equal("b", Parse(deep + "b").Children[^1].Keyword);
        Assert.Single(_notes.All);
    }

    [Fact]
    public void Includes_take_patterns_and_stand_inside_blocks()
    {
        Assert.Equal("a{b c d}", Tree("a {\nb\ninclude x/*\n}", new() { ["/etc/x/1"] = "c", ["/etc/x/2"] = "d" }));
        Assert.Empty(_notes.All);
    }

    [Theory]
    [InlineData("include k.conf", "includes itself")]
    [InlineData("include missing.conf", "cannot be read")]
    [InlineData("include none/*", "no such file")]
    public void An_include_that_leads_nowhere_is_told(string text, string told)
    {
        Parse(text);

        Assert.Contains(told, Assert.Single(_notes.All).Text);
    }

    [Fact]
    public void Files_that_include_each_other_end()
    {
        Dictionary<string, string> ring = Enumerable.Range(0, 40)
            .ToDictionary(i => $"/etc/{i}", i => $"a{i}\ninclude {(i + 1) % 40}\ninclude {(i + 1) % 40}\n");

        Assert.NotEmpty(Parse("include 0", ring).Children);
        Assert.Contains(_notes.All, note => note.Text.Contains("too many files"));
    }

    [Fact]
    public void Variables_are_put_in()
    {
        Assert.Equal("a(192.0.2.1/24 x192.0.2.1y $NO)", Tree("$A=192.0.2\n$VIP=${A}.1\na ${VIP}/24 x${VIP}y $NO"));
        Assert.Empty(_notes.All);
    }

    [Fact]
    public void Variables_cannot_grow_a_line_without_end()
    {
        string text = "$A=" + new string('x', 1000) + "\n$B=" + string.Concat(Enumerable.Repeat("$A", 400)) + "\n$C="
            + string.Concat(Enumerable.Repeat("$B", 400)) + "\na $C $C\nb";

        Assert.Equal("b", Assert.Single(Parse(text).Children).Keyword);
        Assert.Contains("too long", Assert.Single(_notes.All).Text);
    }

    [Fact]
    public void Lines_for_one_machine_are_left_out_and_told()
    {
        Assert.Equal("b(2)", Tree("@one auth_pass secret\n@^one b 2"));
        Assert.DoesNotContain("secret", Assert.Single(_notes.All).Text);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_none() =>
        Assert.Null(new KeepalivedParser(Imported.Files([]), _notes).Parse("/etc/k.conf"));

    private KeepalivedNode Parse(string text, Dictionary<string, string>? files = null) => new KeepalivedParser(
        Imported.Files(new(files ?? []) { ["/etc/k.conf"] = text }), _notes).Parse("/etc/k.conf")!;

    private string Tree(string text, Dictionary<string, string>? files = null) =>
        string.Join(' ', Parse(text, files).Children.Select(Shown));

    private static string Shown(KeepalivedNode node) => node.Keyword
        + (node.Words.Count > 0 ? $"({string.Join(' ', node.Words)})" : "")
        + (node.IsBlock ? $"{{{string.Join(' ', node.Children.Select(Shown))}}}" : "");
}
