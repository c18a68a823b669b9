using InfluxMirror.Inputs;
using InfluxMirror.LineProtocol;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

public sealed class WriteTargetsTests
{
    private readonly WriteTargets _targets = new();

    [Fact]
    public void A_write_names_database_retention_policy_and_precision()
    {
        ParsedTarget parsed = Of("/write", "?db=my%20db&rp=week&precision=ms");

        Assert.Null(parsed.Error);
        Assert.Null(parsed.Level);
        Assert.Equal(("my db", "week"), (parsed.Target.Database, parsed.Target.RetentionPolicy));
        Assert.Equal(Precision.Milliseconds, parsed.Target.Precision);
        Assert.Equal("/write?db=my%20db&rp=week&precision=ms", parsed.Target.PathAndQuery);
    }

    [Theory]
    [InlineData("x", "x", null)]
    [InlineData("x/week", "x", "week")]
    [InlineData("x/", "x", null)]
    [InlineData("x/a/b", "x", "a/b")]
    public void A_bucket_is_database_and_retention_policy(string bucket, string database, string? retentionPolicy)
    {
        ParsedTarget parsed = Of("/api/v2/write", $"?org=o&bucket={bucket}&precision=us");

        Assert.Null(parsed.Error);
        Assert.Equal((database, retentionPolicy), (parsed.Target.Database, parsed.Target.RetentionPolicy));
        Assert.Equal(Precision.Microseconds, parsed.Target.Precision);
    }

    [Theory]
    [InlineData("consistency=all&db=x&rp=w", ConsistencyLevel.All)]
    [InlineData("db=x&rp=w&consistency=One", ConsistencyLevel.One)]
    public void Consistency_is_for_the_gateway_and_not_for_the_destination(string query, ConsistencyLevel level)
    {
        ParsedTarget parsed = Of("/write", "?" + query);

        Assert.Equal(level, parsed.Level);
        Assert.Equal("/write?db=x&rp=w", parsed.Target.PathAndQuery);
    }

    [Fact]
    public void Writes_that_differ_only_in_consistency_have_one_target() => Assert.Equal(
        Of("/write", "?db=x&consistency=all").Target, Of("/write", "?db=x").Target);

    [Theory]
    [InlineData("/write", "", "database is required")]
    [InlineData("/write", "?db=", "database is required")]
    [InlineData("/write", "?db=x;rp=y", "database is required")]
    [InlineData("/write", "?db=x&consistency=two", "invalid consistency level")]
    [InlineData("/write", "?consistency=two", "database is required")]
    [InlineData("/api/v2/write", "?db=x", "bucket is required")]
    [InlineData("/api/v2/write", "?bucket=/week", "bucket is required")]
    [InlineData("/api/v2/write", "?bucket=x&precision=h", "invalid precision \"h\" (valid are ns, us, ms, s)")]
    public void A_fault_is_told_in_influxdbs_words(string path, string query, string error) =>
        Assert.Equal(error, Of(path, query).Error);

    [Fact]
    public void The_first_of_several_values_counts() =>
        Assert.Equal("x", Of("/write", "?db=x&db=y").Target.Database);

    [Fact]
    public void An_unknown_precision_of_1x_means_nanoseconds_and_is_passed_on()
    {
        ParsedTarget parsed = Of("/write", "?db=x&precision=bad");

        Assert.Null(parsed.Error);
        Assert.Equal(Precision.Nanoseconds, parsed.Target.Precision);
        Assert.Equal("/write?db=x&precision=bad", parsed.Target.PathAndQuery);
    }

    [Fact]
    public void Credentials_make_another_target_and_parameters_win_over_the_header()
    {
        ParsedTarget bare = Of("/write", "?db=x"), header = Of("/write", "?db=x", "Basic dTpw");
        ParsedTarget both = Of("/write", "?db=x&u=bob&p=1", "Basic dTpw");

        Assert.NotEqual(bare.Target, header.Target);
        Assert.Equal(("", "Basic dTpw"), (bare.Target.Account, header.Target.Account));
        Assert.Equal(both.Target.Account, Of("/write", "?db=x&u=bob&p=1").Target.Account);
        Assert.NotEqual(header.Target.Account, both.Target.Account);
        Assert.NotEqual(both.Target.Account, Of("/write", "?db=x&u=bob&p=2").Target.Account);
    }

    [Fact]
    public void What_was_read_is_read_once() =>
        Assert.Same(Of("/write", "?db=x").Target, Of("/write", "?db=x").Target);

    [Fact]
    public void Many_different_targets_are_read_right_and_what_comes_behind_them_once()
    {
        for (int i = 0; i < 10_000; i++)
            Assert.Equal($"d{i}", Of("/write", $"?db=d{i}").Target.Database);
        Assert.Same(Of("/write", "?db=new").Target, Of("/write", "?db=new").Target);
    }

    [Fact]
    public void A_raw_request_is_passed_on_whole()
    {
        InfluxMirror.Delivery.WriteTarget target =
            WriteTargets.OfRaw(Request("/api/v1/prom/write", "?db=prom&rp=r&consistency=all", "Basic dTpw"));

        Assert.Equal("/api/v1/prom/write?db=prom&rp=r&consistency=all", target.PathAndQuery);
        Assert.Equal(("prom", "r", "Basic dTpw"), (target.Database, target.RetentionPolicy, target.Authorization));
    }

    private ParsedTarget Of(string path, string query, string? authorization = null) =>
        _targets.Of(Request(path, query, authorization));

    private static HttpRequest Request(string path, string query, string? authorization)
    {
        DefaultHttpContext context = new();
        context.Request.Path = path;
        context.Request.QueryString = new(query);
        if (authorization is not null)
            context.Request.Headers.Authorization = authorization;
        return context.Request;
    }
}
