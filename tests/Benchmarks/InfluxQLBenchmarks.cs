using BenchmarkDotNet.Attributes;
using InfluxMirror.InfluxQL;

namespace Benchmarks;

/// <summary>
/// What each GET /query costs before it is routed, and each statement before it is journaled. The strings are what
/// dashboards and the influx command line send; the last one is as large as a query may be.
/// </summary>
[MemoryDiagnoser]
public class InfluxQLBenchmarks
{
    private const long Now = 1_465_839_830_100_400_200;

    private const string Dashboard =
        "SELECT mean(\"usage_idle\") FROM \"cpu\" WHERE (\"host\" =~ /^(web1|web2)$/) AND time >= now() - 6h "
        + "GROUP BY time(30s), \"host\" fill(null)";

    private const string Subquery =
        "SELECT max(\"x\") FROM (SELECT mean(\"v\") AS \"x\" FROM \"telegraf\".\"autogen\".\"cpu\" "
        + "WHERE time > now() - 1d GROUP BY time(1m), \"host\") GROUP BY \"host\"";

    private const string Downsample =
        "SELECT mean(v) INTO longterm.autogen.cpu FROM telegraf.autogen.cpu WHERE time > now() - 1d "
        + "GROUP BY time(1h), *";

    private readonly string _megabyte = "SELECT v FROM m WHERE "
        + string.Join(" OR ", Enumerable.Repeat("host = 'server-0123456789'", 35_000));

    [Benchmark(Baseline = true)]
    public QueryAnalysis Classify_a_dashboard_query() => StatementClassifier.Analyze(Dashboard, "telegraf");

    [Benchmark]
    public QueryAnalysis Classify_a_subquery() => StatementClassifier.Analyze(Subquery, "telegraf");

    [Benchmark]
    public QueryAnalysis Classify_show() => StatementClassifier.Analyze("SHOW DATABASES", null);

    [Benchmark]
    public QueryAnalysis Classify_a_statement() => StatementClassifier.Analyze(Downsample, "telegraf");

    [Benchmark]
    public string Freeze_a_statement() => NowFreezer.Freeze(Downsample, Now);

    [Benchmark]
    public string Mask_a_password() => StatementMasker.Mask("CREATE USER u WITH PASSWORD 'secret' WITH ALL PRIVILEGES");

    [Benchmark]
    public QueryAnalysis Classify_a_megabyte() => StatementClassifier.Analyze(_megabyte, "telegraf");
}
