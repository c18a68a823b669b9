using InfluxMirror.Journal;

namespace InfluxMirror.Tests;

/// <summary>Waiting for a journal, for tests.</summary>
internal static class JournalWaits
{
    /// <summary>Completes when the record is safe: true; false when it cannot be made so now.</summary>
    public static Task<bool> WaitSafeAsync(this InfluxMirror.Journal.Journal journal, JournalRecord record)
    {
        TaskCompletionSource<bool> safe = new(TaskCreationOptions.RunContinuationsAsynchronously);
        journal.WhenSafe(record, durable => safe.SetResult(durable || journal.IsSafe(record)));
        return safe.Task;
    }
}
