using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using InfluxMirror.LineProtocol;

namespace Benchmarks;

/// <summary>Validation and stamping of bodies of 5000 lines, in bytes of body per second.</summary>
[MemoryDiagnoser]
[Config(typeof(Settings))]
public class LineProtocolBenchmarks
{
    private const int Lines = 5_000;

    private readonly InsertionPoints _ends = new();
    private byte[] _body = [];
    private byte[] _stamped = [];

    public enum Kind
    {
        /// <summary>As telegraf sends them: 10 tags, 6 fields, a time in nanoseconds.</summary>
        Stamped,

        /// <summary>The same without time.</summary>
        Unstamped,

        /// <summary>Every tenth line has a string of text.</summary>
        Strings,

        /// <summary>Every line has an escaped space, and so none is plain.</summary>
        Escapes,
    }

    [ParamsAllValues]
    public Kind Body { get; set; }

    [GlobalSetup]
    public void Generate()
    {
        Random random = new(20260101);
        StringBuilder text = new();
        for (int i = 0; i < Lines; i++)
            AppendLine(text, random, i);
        _body = Encoding.UTF8.GetBytes(text.ToString());
        LineScanner.Scan(_body, Precision.Nanoseconds, _ends);
        _stamped = new byte[TimestampStamper.StampedLength(_body.Length, _ends.Count, long.MinValue)];
    }

    [Benchmark]
    public int Scan()
    {
        _ends.Clear();
        return LineScanner.Scan(_body, Precision.Nanoseconds, _ends).Points;
    }

    [Benchmark]
    public int Stamp() => TimestampStamper.Stamp(_body, _ends.AsSpan(), 1_700_000_000_000_000_000, _stamped);

    private void AppendLine(StringBuilder text, Random random, int i)
    {
        int host = i % 500;
        string space = Body == Kind.Escapes ? "\\ " : "";
        string name = Body == Kind.Strings && i % 10 == 0 ? "name=\"up 3 days, 12:04\"," : "";
        string time = Body == Kind.Unstamped ? "" : $" {1_700_000_000L + i / 2000}000000000";
        text.Append(
            CultureInfo.InvariantCulture,
            $"disk,app=a{host % 7},az=eu{space}-{host % 3},dc=d{host % 4},device=sda{i % 4},env=prod,fstype=ext4,");
        text.Append(CultureInfo.InvariantCulture, $"host=srv{host:D4},mode=rw,path=/m{i % 4},rack=r{host % 20} {name}");
        text.Append(
            CultureInfo.InvariantCulture,
            $"free={random.NextInt64(10_000_000_000)}i,inodes_free={random.Next(10_000_000)}i,");
        text.Append(CultureInfo.InvariantCulture, $"inodes_used={random.Next(1_000_000)}i,total=499963174912i,");
        text.Append(
            CultureInfo.InvariantCulture,
            $"used={random.NextInt64(10_000_000_000)}i,used_percent={random.NextDouble() * 100:F6}{time}\n");
    }

    /// <summary>Adds the column of throughput.</summary>
    private sealed class Settings : ManualConfig
    {
        public Settings() => AddColumn(new ThroughputColumn());
    }

    private sealed class ThroughputColumn : IColumn
    {
        public string Id => nameof(ThroughputColumn);

        public string ColumnName => "GB/s";

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public string Legend => "10^9 bytes of body per second";

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Median;
            if (nanoseconds is null)
                return "-";
            LineProtocolBenchmarks sample = new() { Body = (Kind)benchmarkCase.Parameters[nameof(Body)] };
            sample.Generate();
            return (sample._body.Length / nanoseconds.Value).ToString("F2", CultureInfo.InvariantCulture);
        }

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
            GetValue(summary, benchmarkCase);
    }
}
