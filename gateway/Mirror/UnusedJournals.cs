using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InfluxMirror;

/// <summary>
/// At the start, warns of journals on disk that hold what somebody still has to get, and that no cluster has: the
/// journal is in memory now, or the cluster has another name. Beside everything else, as that disk may hang.
/// </summary>
internal sealed class UnusedJournals(
    CourierFleet fleet, IOptionsMonitor<MirrorOptions> options, IHostEnvironment environment,
    ILogger<UnusedJournals> log) : BackgroundService
{
    /// <summary>What the journal in a folder holds for whom, in words; null when everybody has everything.</summary>
    /// <exception cref="DiskException">It cannot be read.</exception>
    internal static string? WaitingIn(string folder)
    {
        var journal = new LogFolder(new ReadOnlyDisk(folder));
        if (journal.Cursors.Count == 0)
            return HoldsRecord(journal, new CursorState(0, new PositionRuns())) ? "records" : null;
        string[] waiting = [.. journal.Cursors.Where(one => HoldsRecord(journal, one.Value))
            .OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => Describe(one.Key, one.Value))];
        return waiting.Length == 0 ? null : string.Join(", ", waiting);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(Look, stoppingToken);

    private void Look()
    {
        var journal = options.CurrentValue.Journal;
        var root = Path.Combine(environment.ContentRootPath, journal.Directory);
        var isOnDisk = journal.Durability != Durability.Memory;
        try
        {
            if (!Directory.Exists(root))
                return;
            var used = isOnDisk
                ? fleet.Clusters.Select(cluster => JournalFolder.PathOf(root, cluster.Id)).ToHashSet()
                : [];
            foreach (var folder in MirrorJournalView.FoldersIn(root).Where(folder => !used.Contains(folder)))
            {
                if (WaitingIn(folder) is { } waiting)
                    MirrorLog.JournalUnused(log, folder, waiting, RemedyFor(folder, isOnDisk));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            MirrorLog.JournalsUnknown(log, root, fault.Message);
        }
    }

    private string RemedyFor(string folder, bool isOnDisk)
    {
        var cluster = JournalFolder.ClusterOf(Path.GetFileName(folder));
        List<string> remedies = [];
        if (!isOnDisk)
            remedies.Add("set Mirror:Journal:Durability back");
        if (fleet.Find(cluster) is null)
            remedies.Add($"name the cluster '{cluster}' again");
        return remedies.Count == 0 ? "" : string.Join(" and ", remedies) + ", or ";
    }

    // What is not done begins behind the mark, so that the first record found there mostly tells.
    private static bool HoldsRecord(LogFolder journal, CursorState cursor) =>
        journal.Records(cursor.LowWaterMark + 1, static _ => { })
            .Any(record => !cursor.Completed.Contains(record.Position));

    // By its account, as counting the records would mean to read them all.
    private static string Describe(string destination, CursorState cursor) =>
        JournalCursorView.Of(destination, cursor) is { Pending: > 0 } saved
            ? $"{saved.Pending} point(s) for {destination}"
            : $"records for {destination}";
}
