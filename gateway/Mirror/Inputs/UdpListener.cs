using System.Net;
using System.Net.Sockets;
using InfluxMirror.Delivery;
using InfluxMirror.LineProtocol;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Inputs;

/// <summary>
/// Takes line protocol by UDP: a thread of its own reads datagrams, cuts and stamps their lines, and appends a record
/// when 64 KiB have come together or the first datagram has waited 10 ms. It never waits for a destination: a journal
/// without room is a counted drop, as there is nobody to be told.
/// </summary>
internal sealed class UdpListener : IDisposable
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(1);

    /// <summary>Of a refused line, no more than this is quoted.</summary>
    private const int QuotedBytes = 200;

    private readonly UdpSocket _socket;
    private readonly WriteTarget _target;
    private readonly Func<MirroredCluster?> _cluster;
    private readonly MirrorMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly LogThrottle _refusals, _faults;
    private readonly UdpLines _lines;
    private readonly UdpBatch _batch = new();
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private long _openedAt;

    /// <summary>Binds; <see cref="Start"/> begins to read.</summary>
    /// <param name="name">What logs and metrics call it.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="cluster">Finds the cluster that gets the points; null when it is not mirrored.</param>
    /// <param name="metrics">Counts points and bytes with those of the other inputs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <exception cref="SocketException">The address is in use, or is none of this machine.</exception>
    public UdpListener(
        string name, UdpListenerOptions options, Func<MirroredCluster?> cluster, MirrorMetrics metrics,
        TimeProvider time, ILogger log)
    {
        Name = name;
        _target = UdpRules.TargetOf(options);
        _cluster = cluster;
        _metrics = metrics;
        _time = time;
        _log = log;
        _refusals = new LogThrottle(time);
        _faults = new LogThrottle(time);
        _lines = new UdpLines(_target.Precision);
        _socket = new UdpSocket(UdpAddress.Parse(options.BindAddress)!, options.ReadBuffer);
        EndPoint = _socket.EndPoint;
        ReadBuffer = _socket.ReadBuffer;
        _thread = new Thread(Run) { Name = "udp " + name, IsBackground = true };
        MirrorLog.UdpListening(log, name, EndPoint.ToString(), _target.Database, ReadBuffer);
        if (ReadBuffer < options.ReadBuffer)
            MirrorLog.UdpReadBuffer(log, name, ReadBuffer, options.ReadBuffer);
    }

    /// <summary>Its name in the configuration.</summary>
    public string Name { get; }

    /// <summary>Where it is bound.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Bytes of receive buffer the kernel granted.</summary>
    public int ReadBuffer { get; }

    /// <summary>Its account.</summary>
    public UdpTally Tally { get; } = new();

    /// <summary>Datagrams the kernel dropped before they could be read.</summary>
    public long KernelDrops => _socket.KernelDrops;

    /// <summary>Begins to read.</summary>
    public void Start() => _thread.Start();

    /// <summary>Ends; what has been received by now is appended first.</summary>
    public async Task StopAsync()
    {
        if (!_thread.IsAlive)
            return;
        _stopping = true;
        await _ended.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        if (_thread.IsAlive)
            _thread.Join();
        _socket.Dispose();
        _lines.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            Step(_batch.IsEmpty ? Idle : MaxDelay - _time.GetElapsedTime(_openedAt));
            if (!_batch.IsEmpty && _time.GetElapsedTime(_openedAt) >= MaxDelay)
                Append();
        }

        // Bounded, as somebody may go on sending faster than anybody could read.
        var since = _time.GetTimestamp();
        bool more;
        do
            more = Step(TimeSpan.Zero);
        while (more && _time.GetElapsedTime(since) < Drain);
        Append();
        _socket.Dispose();
        _ended.SetResult();
    }

    /// <summary>Waits for a datagram and takes it; false when none came. Never throws.</summary>
    private bool Step(TimeSpan wait)
    {
        try
        {
            if (!_socket.Wait(wait > TimeSpan.Zero ? wait : TimeSpan.Zero))
                return false;
            if (_socket.TryReceive(out var datagram))
                Take(datagram);
            return true;
        }
        catch (SocketException fault)
        {
            // Out of memory, most likely: what matters now is not to make it worse.
            LogFault(fault);
            Thread.Sleep(MaxDelay);
            return true;
        }
    }

    private void Take(ReadOnlySpan<byte> datagram)
    {
        Tally.CountDatagram(datagram.Length);
        _metrics.CountBytes(datagram.Length);
        _lines.Scan(datagram);
        if (_lines.Invalid + _lines.Harmful > 0)
            NoteRefused(datagram);
        if (_lines.Points == 0)
            return;
        if (!_batch.HasRoomFor(_lines))
            Append();
        if (_batch.IsEmpty)
            _openedAt = _time.GetTimestamp();
        var nanoseconds = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        _batch.Add(_lines, datagram, nanoseconds / _target.Precision.UnitNanoseconds(), _socket.Sender);
        if (_batch.IsFull)
            Append();
    }

    /// <summary>Makes a record of what has come together. Never throws.</summary>
    private void Append()
    {
        if (_batch.IsEmpty)
            return;
        var points = _batch.Points;
        try
        {
            if (_cluster() is not { Couriers.Count: > 0 } cluster)
                Tally.CountRefused(UdpRefusal.Unavailable, points);
            else if (TryAppend(cluster))
                Tally.CountPoints(points);
            else
                Tally.CountRefused(UdpRefusal.Full, points);
        }
        // Nobody waits for an answer, and the next datagrams must be read: this is where it is told.
        catch (Exception fault)
        {
            Tally.CountRefused(UdpRefusal.Unavailable, points);
            LogFault(fault);
        }

        _batch.Clear();
    }

    private bool TryAppend(MirroredCluster cluster)
    {
        var client = _batch.Sender?.ToString() ?? "udp " + Name;
        var record = new MirroredRecord(_batch.Copy())
        {
            Kind = RecordKind.Write,
            Target = _target,
            Points = _batch.Points,
            // What was refused lately travels alone, but is not held back: its neighbours share the record.
            SendAlone = _batch.EndsOpen || cluster.Refused.Contains(client, _target),
            EndsWithNewline = !_batch.EndsOpen,
            Client = client,
        };
        record.Hold();
        try
        {
            if (!cluster.TryAppend(record))
                return false;
            _metrics.CountPoints(record.Points, 0);
            return true;
        }
        finally
        {
            record.LetGo();
        }
    }

    private void NoteRefused(ReadOnlySpan<byte> datagram)
    {
        Tally.CountRefused(UdpRefusal.Invalid, _lines.Invalid);
        Tally.CountRefused(UdpRefusal.Harmful, _lines.Harmful);
        _metrics.CountPoints(0, _lines.Invalid + _lines.Harmful);
        if (!_log.IsEnabled(LogLevel.Warning) || !_refusals.Passes(out var held))
            return;
        var sender = UdpBatch.AddressOf(_socket.Sender).ToString();
        var error = LineFaultText.Describe(datagram, _target.Precision, QuotedBytes);
        MirrorLog.UdpRefused(_log, Name, _lines.Invalid + _lines.Harmful, sender, error, held);
    }

    private void LogFault(Exception fault)
    {
        if (_faults.Passes(out var held))
            MirrorLog.UdpFault(_log, fault, Name, held);
    }
}
