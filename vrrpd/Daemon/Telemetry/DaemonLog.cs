using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Telemetry;

/// <summary>
/// The log on standard error, a line each. A thread of its own writes, so that nobody waits for a slow reader; what
/// does not fit into its queue is counted and told.
/// </summary>
internal sealed partial class DaemonLog : IDisposable
{
    private const int QueueLength = 4096;

    private readonly BlockingCollection<Line> _queue = new(QueueLength);
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly bool _isJournal;
    private readonly Thread _writer;
    private long _dropped;

    /// <summary>Begins to write.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="time">Stamps the lines.</param>
    /// <param name="isJournal">Whether systemd reads: it has the time itself, and wants the level as a prefix.</param>
    public DaemonLog(TextWriter output, TimeProvider time, bool isJournal)
    {
        (_output, _time, _isJournal) = (output, time, isJournal);
        _writer = new(Write) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <summary>Least level that is written.</summary>
    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary>Form of a line.</summary>
    public LogFormat Format { get; set; }

    /// <summary>Writes what waits and ends.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _writer.Join();
    }

    private void Add(LogLevel level, string? router, string text)
    {
        if (level < Level || _queue.IsAddingCompleted)
            return;
        if (!_queue.TryAdd(new(_time.GetLocalNow(), level, router, text)))
            Interlocked.Increment(ref _dropped);
    }

    private void Write()
    {
        foreach (Line line in _queue.GetConsumingEnumerable())
        {
            _output.WriteLine(Text(line));
            long dropped = Interlocked.Exchange(ref _dropped, 0);
            if (dropped > 0)
                _output.WriteLine(Text(line with { Router = null, Text = $"{dropped} lines of the log were lost" }));
            if (_queue.Count == 0)
                _output.Flush();
        }
    }

    private string Text(in Line line)
    {
        if (Format == LogFormat.Json)
            return Json(line);
        string router = line.Router is null ? "" : line.Router + ": ";
        return _isJournal
            ? $"<{JournalLevel(line.Level)}>{router}{line.Text}"
            : $"{line.At:yyyy-MM-dd HH:mm:ss.fff} {Name(line.Level)} {router}{line.Text}";
    }

    private static string Json(in Line line)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("time", line.At);
            writer.WriteString("level", Name(line.Level).TrimEnd());
            if (line.Router is not null)
                writer.WriteString("instance", line.Router);
            writer.WriteString("message", line.Text);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        _ => "error",
    };

    private static int JournalLevel(LogLevel level) => level switch
    {
        LogLevel.Debug => 7,
        LogLevel.Information => 6,
        LogLevel.Warning => 4,
        _ => 3,
    };

    private readonly record struct Line(DateTimeOffset At, LogLevel Level, string? Router, string Text);
}
