using System.Collections.Concurrent;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon.Loop;

/// <summary>
/// Writes every event and every action as a JSON line, which replays as a test. For the search of faults: it allocates
/// for each line. A thread of its own writes. It ends at <see cref="MaxBytes"/>, and at the first failure.
/// </summary>
internal sealed class EventRecorder : IDisposable
{
    /// <summary>Bytes of the file past which nothing more is written.</summary>
    public const long MaxBytes = 1L << 30;

    private const int QueueLength = 65536;

    private readonly BlockingCollection<RouterLogLine> _lines = new(QueueLength);
    private readonly StreamWriter _file;
    private readonly Thread _writer;
    private readonly DaemonLog _log;
    private readonly string _path;
    private long _dropped;
    private volatile bool _hasEnded;

    /// <summary>Appends to the file.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public EventRecorder(string path, DaemonLog log)
    {
        (_path, _log) = (path, log);
        _file = new(OpenAtEnd(path));
        _writer = new(Write) { IsBackground = true, Name = "event log" };
        _writer.Start();
    }

    /// <summary>Records an instance from its beginning.</summary>
    public void Begin(RouterInstance instance, long now)
    {
        string name = instance.Name;
        Add(new(name, now) { Config = instance.Config.Router });
        instance.Router.Recorder = (happened, at) => Add(new(name, at) { Event = happened });
    }

    /// <summary>Records what the instance wants done.</summary>
    public void Acted(RouterInstance instance, long now)
    {
        foreach (RouterAction action in instance.Actions)
            Add(new(instance.Name, now) { Action = action });
    }

    public void Dispose()
    {
        _lines.CompleteAdding();
        _writer.Join();
        try
        {
            _file.Dispose();
        }
        catch (IOException exception)
        {
            _log.EventLogFailed(_path, exception.Message);
        }

        _lines.Dispose();
    }

    // A daemon that was killed may have left half a line, which must not become the beginning of the next one.
    private static FileStream OpenAtEnd(string path)
    {
        FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        if (!file.CanSeek || file.Length == 0)
            return file;
        file.Seek(-1, SeekOrigin.End);
        if (file.ReadByte() != '\n')
            file.WriteByte((byte)'\n');
        return file;
    }

    // The loop does not wait for a disk.
    private void Add(RouterLogLine line)
    {
        if (!_hasEnded && !_lines.TryAdd(line))
            Interlocked.Increment(ref _dropped);
    }

    private void Write()
    {
        try
        {
            foreach (RouterLogLine line in _lines.GetConsumingEnumerable())
            {
                if (Interlocked.Exchange(ref _dropped, 0) is > 0 and long dropped)
                    _log.EventLogGap(_path, dropped);
                _file.WriteLine(line.ToJson());
                if (_lines.Count > 0)
                    continue;
                _file.Flush();
                if (_file.BaseStream.Length < MaxBytes)
                    continue;
                _log.EventLogFailed(_path, $"it has reached {MaxBytes} bytes");
                break;
            }
        }
        catch (IOException exception)
        {
            _log.EventLogFailed(_path, exception.Message);
        }

        _hasEnded = true;
    }
}
