using InfluxMirror.Tests.Delivery;
using InfluxMirror.Writes;
using Microsoft.Extensions.Logging.Abstractions;

namespace InfluxMirror.Tests.Writes;

/// <summary>A writer in front of scripted destinations.</summary>
internal static class WriterBench
{
    public static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(10);

    public static MirrorWriter Writer(this TestCluster cluster) => cluster.WriterUntil(CancellationToken.None);

    public static MirrorWriter WriterUntil(this TestCluster cluster, CancellationToken lastCall) => new(
        new FixedOptions(cluster.Options), cluster.Metrics, cluster.Time, NullLogger<MirrorWriter>.Instance, lastCall);

    public static Task<WriteResult> WriteAsync(
        this TestCluster cluster, ConsistencyLevel level, string database = "x") =>
        cluster.Writer().WriteAsync(
            cluster.Cluster, level, AckTimeout, watch => Records.Write(database, "m v=1 1", watch: watch)).AsTask();

    public static Task<WriteResult> ExecuteAsync(this TestCluster cluster) => cluster.Writer().ExecuteAsync(
        cluster.Cluster, AckTimeout,
        watch => Records.Statement("CREATE RETENTION POLICY p ON x", ["x"], watch)).AsTask();
}
