using System.Text;
using InfluxMirror.Inputs;
using InfluxMirror.InfluxQL;
using InfluxMirror.Journal;
using Microsoft.AspNetCore.Http;
using Xunit;
using Pairs = InfluxMirror.Inputs.QueryString;

namespace InfluxMirror.Tests.Inputs;

/// <summary><c>/query</c> as influxd 1.6.7 reads it.</summary>
public sealed class QueryRequestTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Multipart = "multipart/form-data; boundary=B";
    private const string End = "--B--\r\n";

    [Fact]
    public async Task It_is_found_in_the_url()
    {
        QueryRequest query = await ReadAsync("?q=SELECT+*+FROM%20m&db=x");

        Assert.Equal(("SELECT * FROM m", "x"), (query.Query, query.Database));
        Assert.Equal(StatementKind.Read, query.Analysis!.Kind);
    }

    [Theory]
    [InlineData(Form)]
    [InlineData("Application/X-WWW-Form-Urlencoded; charset=utf-8")]
    public async Task It_is_found_in_a_form(string type)
    {
        QueryRequest query = await ReadAsync("?db=x", "q=DROP+DATABASE+y&db=z", type);

        Assert.Equal(("DROP DATABASE y", "z"), (query.Query, query.Database));
        Assert.Equal(StatementKind.Mutation, query.Analysis!.Kind);
    }

    [Fact]
    public async Task A_body_that_is_no_form_says_nothing()
    {
        QueryRequest query = await ReadAsync("?q=SHOW+DATABASES", "q=DROP+DATABASE+y", "text/plain");

        Assert.Equal("SHOW DATABASES", query.Query);
        Assert.False(query.IsAmbiguous);
    }

    [Fact]
    public async Task It_is_found_in_a_multipart_value()
    {
        QueryRequest query = await ReadAsync("", Part("q", "DROP DATABASE y") + Part("db", "z") + End, Multipart);

        Assert.Equal(("DROP DATABASE y", "z"), (query.Query, query.Database));
    }

    [Fact]
    public async Task It_is_found_in_an_uploaded_file()
    {
        QueryRequest query = await ReadAsync("?db=x", Part("q", "CREATE DATABASE y", "q.txt") + End, Multipart);

        Assert.Equal("CREATE DATABASE y", query.Query);
        Assert.Equal(("?db=x", "q=CREATE%20DATABASE%20y", Form), Deliver(query, "?db=x"));
    }

    [Fact]
    public async Task A_value_wins_over_a_file()
    {
        QueryRequest query = await ReadAsync(
            "?q=SHOW+DATABASES", Part("q", "DROP DATABASE y", "q.txt") + End, Multipart);

        Assert.Equal("SHOW DATABASES", query.Query);
    }

    [Theory]
    [InlineData("?q=a&q=b", "", null)]
    [InlineData("?q=a", "q=b", Form)]
    [InlineData("", "q=a&q=a", Form)]
    public async Task It_given_twice_is_ambiguous(string url, string body, string? type) =>
        Assert.True((await ReadAsync(url, body, type)).IsAmbiguous);

    [Theory]
    [InlineData("")]
    [InlineData("?db=x")]
    [InlineData("?q=a;b")]
    [InlineData("?q=%zz")]
    public async Task Without_it_there_is_nothing_to_analyze(string url)
    {
        QueryRequest query = await ReadAsync(url);

        Assert.Null(query.Query);
        Assert.Null(query.Analysis);
    }

    [Fact]
    public async Task What_needs_no_change_is_delivered_as_it_came()
    {
        const string Url = "?db=x&pretty=true&u=a%20b", Body = "q=CREATE+DATABASE+%22y%22&chunked=true";

        Assert.Equal((Url, Body, Form), Deliver(await ReadAsync(Url, Body, Form), Url));
    }

    [Fact]
    public async Task Freezing_now_keeps_every_other_parameter()
    {
        const string Url = "?db=x&u=a%20b&pretty=true";
        QueryRequest query = await ReadAsync(
            Url, "chunked=true&q=DELETE+FROM+m+WHERE+time+%3C+now%28%29&params=%7B%7D", Form);

        (string url, string body, string? type) = Deliver(query, Url);

        Assert.Equal((Url, Form), (url, type));
        Assert.Equal(
            ["chunked=true", "params={}", "q=DELETE FROM m WHERE time < '2001-09-09T01:46:40.000000000Z'"], Read(body));
    }

    [Fact]
    public async Task Freezing_now_in_the_url_leaves_a_request_without_body()
    {
        const string Url = "?db=x&q=DELETE+FROM+m+WHERE+time+%3C+now%28%29&epoch=ms";

        (string url, string body, string? type) = Deliver(await ReadAsync(Url), Url);

        Assert.Equal(("", null), (body, type));
        Assert.Equal(
            ["db=x", "epoch=ms", "q=DELETE FROM m WHERE time < '2001-09-09T01:46:40.000000000Z'"], Read(url));
    }

    [Fact]
    public async Task Not_waiting_is_the_gateways_business()
    {
        const string Url = "?db=x&async=true&q=CREATE+DATABASE+y";
        QueryRequest query = await ReadAsync(Url);

        Assert.True(query.IsAsync);
        Assert.Equal(["db=x", "q=CREATE DATABASE y"], Read(Deliver(query, Url).Url));
        Assert.False((await ReadAsync("?q=x&async=1")).IsAsync);
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=\"\"")]
    public async Task Multipart_without_a_boundary_is_unreadable(string type) =>
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync("", "x", type));

    [Theory]
    [InlineData("--B\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nDROP DATABASE y")]
    [InlineData("--B\r\nContent-Disp")]
    [InlineData("no part at all")]
    public async Task Multipart_that_breaks_off_is_unreadable(string body) =>
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync("", body, Multipart));

    [Theory]
    [InlineData("?q=")]
    [InlineData("?q=%20")]
    [InlineData("?q=%0A%09")]
    public async Task A_blank_value_leaves_it_to_the_file(string url)
    {
        QueryRequest query = await ReadAsync(url, Part("q", "DROP DATABASE y", "q.txt") + End, Multipart);

        Assert.Equal("DROP DATABASE y", query.Query);
        Assert.Equal(StatementKind.Mutation, query.Analysis!.Kind);
    }

    [Fact]
    public async Task Of_a_parameter_in_both_the_url_wins_over_multipart_and_a_form_over_the_url()
    {
        QueryRequest query = await ReadAsync(
            "?db=url", Part("q", "DROP MEASUREMENT m") + Part("db", "part") + End, Multipart);
        Assert.Equal("url", query.Database);
        Assert.Equal(("?db=url", "q=DROP%20MEASUREMENT%20m", Form), Deliver(query, "?db=url"));

        Assert.Equal("form", (await ReadAsync("?db=url", "q=x&db=form", Form)).Database);
    }

    [Fact]
    public async Task A_GET_may_hold_it_in_a_part_but_not_in_a_file()
    {
        string part = Part("q", "DELETE FROM m WHERE time < now()") + Part("db", "x") + End;
        QueryRequest query = await ReadAsync("?epoch=ms", part, Multipart, "GET");

        Assert.Equal((StatementKind.Mutation, "x"), (query.Analysis!.Kind, query.Database));
        (string url, string body, _) = Deliver(query, "?epoch=ms");
        Assert.Equal(
            ["epoch=ms", "db=x", "q=DELETE FROM m WHERE time < '2001-09-09T01:46:40.000000000Z'"], Read(url));
        Assert.Equal("", body);

        Assert.Null((await ReadAsync("", Part("q", "DROP DATABASE y", "q.txt") + End, Multipart, "GET")).Query);
    }

    private static string Part(string name, string value, string? file = null) =>
        $"--B\r\nContent-Disposition: form-data; name=\"{name}\"{(file is null ? "" : $"; filename=\"{file}\"")}"
        + $"\r\n\r\n{value}\r\n";

    private static IEnumerable<string> Read(string pairs) =>
        Pairs.Pairs(pairs).Select(static one => $"{one.Name}={one.Value}");

    private static async Task<QueryRequest> ReadAsync(
        string url, string? body = null, string? type = null, string method = "POST")
    {
        HttpRequest request = Request(url, method);
        request.ContentType = type;
        return await QueryRequest.ReadAsync(
            request, body is null ? null : SharedBuffer.Copy(Encoding.UTF8.GetBytes(body)));
    }

    /// <summary>As at 1,000,000,000 seconds since 1970.</summary>
    private static (string Url, string Body, string? Type) Deliver(QueryRequest query, string url)
    {
        HttpRequest request = Request(url);
        request.ContentType = Form;
        (string search, SharedBuffer body, string? type) = query.ToDeliver(request, 1_000_000_000_000_000_000);
        return (search, Encoding.UTF8.GetString(body.Span), type);
    }

    private static HttpRequest Request(string url, string method = "POST")
    {
        DefaultHttpContext context = new();
        context.Request.Method = method;
        context.Request.Path = "/query";
        context.Request.QueryString = new(url);
        return context.Request;
    }
}
