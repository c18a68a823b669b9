using Gateway.SimulationTests.Disks;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>
/// Lives of a log on a hostile disk, all from one seed: it appends, syncs, trims, reads, meets faults and ends
/// anywhere; after each life the next one must find what was promised.
/// </summary>
public sealed class LogSimulation
{
    private const string Reader = "server/1";

    private readonly Random _random;
    private readonly SimulatedDisk _disk;
    private readonly LogOptions _options;
    private readonly LogModel _model = new();
    private readonly bool _flips;
    private readonly bool _faults;
    private readonly List<CursorState> _cursors = [];
    private readonly List<LogDamage> _found = [];
    private LogCore _core = null!;
    private CursorFile _file = null!;
    private SegmentReader? _reader;
    private HashSet<long> _readByReader = [];
    private long _readerFrom;
    private int _cursorSerial;
    private long _tail;

    public LogSimulation(int seed)
    {
        _random = new Random(seed);
        _disk = new SimulatedDisk(new Random(seed ^ 0x5eed)) { CanExchange = seed % 7 > 0 };
        _options = new LogOptions
        {
            Safety = seed % 5 == 0 ? LogSafety.Process : LogSafety.Disk,
            SegmentBytes = 16 * 1024 * _random.Next(1, 4),
            MaxBytes = 2_000_000,
            MaxPendingBytes = 200_000,
            MaxSpares = _random.Next(3),
            Salts = () => (ulong)_random.NextInt64(),
            Time = new Clock(this),
        };
        _flips = seed % 3 == 0;
        _faults = seed % 2 == 0;
    }

    /// <summary>What it was about, for the sums at the end.</summary>
    public LogModel Model => _model;

    /// <summary>Runs of segments that were written anew.</summary>
    public int Compactions { get; private set; }

    /// <summary>Lives that ended in the middle of an operation.</summary>
    public int Crashes { get; private set; }

    /// <summary>Starts during which reads failed.</summary>
    public int FailingStarts { get; private set; }

    /// <summary>Segments given up after a failed write or sync.</summary>
    public long GivenUp { get; private set; }

    /// <summary>Runs it to its end.</summary>
    public void Run()
    {
        for (int life = _random.Next(2, 6); life > 0; life--)
        {
            try
            {
                _disk.CrashAfter = _random.Next(4) == 0 ? _random.Next(30) : -1;
                Begin();
                _disk.CrashAfter = _random.Next(3) > 0 ? _random.Next(400) : -1;
                Live(_random.Next(10, 80));
            }
            catch (SimulatedCrash)
            {
                Crashes++;
            }

            End();
        }

        Begin();
        Heal();
        _core.Dispose();
    }

    private void Begin()
    {
        // What some starts cannot read is there for readers all the same, and for the next start.
        bool cannotRead = _faults && _random.Next(3) == 0;
        _disk.ReadFailures = cannotRead ? _random.Next(1001) : 0;
        RecoveredLog recovered = Recovery.Run(_disk, _options);
        _disk.ReadFailures = 0;
        FailingStarts += cannotRead ? 1 : 0;
        _core = new LogCore(_disk, _options, recovered, _ => { });
        _file = new CursorFile(_disk, Reader);
        _found.AddRange(recovered.Damage);
        // No crash makes a file unreadable.
        if (_model.Flips == 0 && !cannotRead)
            Assert.DoesNotContain(recovered.Damage, one => one.Kind is LogDamageKind.Segment or LogDamageKind.Cursor);
        // One that cannot be read is its owner's business: see JournalStore.
        if (!cannotRead)
            CheckCursor(recovered);
        CheckAll();
        _core.Trim(_model.TrimmedThrough);
    }

    private void End()
    {
        _tail = Math.Max(_tail, _core?.Tail ?? 0);
        GivenUp += _core?.Counters.GivenUp ?? 0;
        _reader?.Dispose();
        _reader = null;
        _core?.Dispose();
        (_disk.SyncFailures, _disk.OtherFailures, _disk.ReadFailures, _disk.Capacity) = (0, 0, 0, long.MaxValue);
        _disk.IsTaken = false;
        _disk.Restart(powerCut: _options.Safety == LogSafety.Disk && _random.Next(4) > 0);
        if (_flips && _random.Next(3) == 0 && _disk.Flip(name => name.EndsWith(".seg", StringComparison.Ordinal)))
            _model.Flips++;
    }

    private void Live(int steps)
    {
        while (steps-- > 0)
            switch (_random.Next(13))
            {
                case < 4: Append(_random.Next(1, 8)); break;
                case < 6: Write(demand: true); break;
                case 6: Write(demand: false); break;
                case 7: _core.KeepStep(); break;
                case 8: Trim(); break;
                case 9: Read(_random.Next(30)); break;
                case 10: SaveCursor(); break;
                case 11: Compact(); break;
                default: ChangeFaults(); break;
            }
    }

    /// <summary>With the disk well again everything works, at the latest after two rounds.</summary>
    private void Heal()
    {
        for (int round = 0; round < 2; round++)
        {
            _core.KeepStep();
            Write(demand: true);
            _core.Trim(_core.Tail);
        }

        _model.TrimmedThrough = _core.Tail;
        _core.KeepStep();
        Append(3);
        Write(demand: true);
        Assert.Equal(LogCondition.Working, _core.Condition);
        Assert.Equal(_core.Tail, _core.SafeThrough);
        CheckAll();
    }

    private void Append(int count)
    {
        while (count-- > 0)
        {
            var kind = (byte)_random.Next(256);
            byte[] header = Bytes(_random.Next(60));
            byte[] body = Bytes(_random.Next(20) == 0 ? _random.Next(40_000) : _random.Next(1500));
            SharedBuffer buffer = SharedBuffer.Copy(body);
            var entry = new LogEntry(kind, header, buffer);
            long expected = _core.Tail + 1;
            AppendOutcome outcome = _core.TryAppend(entry);
            buffer.Release();
            if (outcome != AppendOutcome.Appended)
                return;
            Assert.Equal(expected, entry.Position);
            _model.Append(entry.Position, kind, header, body, entry);
            if (_random.Next(30) == 0)
                _model.Cancel(_core, entry.Position);
        }
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private void Write(bool demand)
    {
        if (demand)
            _core.Demand(_core.Tail);
        long before = _core.SafeThrough;
        _core.WriteStep();
        Assert.True(_core.SafeThrough >= before);
        _model.Acknowledge(before + 1, _core.SafeThrough);
        if (demand && _core.Condition == LogCondition.Working)
            Assert.Equal(_core.Tail, _core.SafeThrough);
    }

    private void Trim()
    {
        if (_random.Next(3) > 0)
            return;
        long span = _core.SafeThrough - _model.TrimmedThrough;
        _model.TrimmedThrough += (long)(span * _random.NextDouble());
        _core.Trim(_model.TrimmedThrough);
    }

    /// <summary>Nobody needs some records any more, while others between them are needed.</summary>
    private void Compact()
    {
        Segment[] sealedOnes = [.. _core.Segments.SkipLast(1).Where(segment => segment.IsSealed)];
        if (sealedOnes.Length == 0)
            return;
        int from = _random.Next(sealedOnes.Length);
        Segment[] run = sealedOnes[from..Math.Min(sealedOnes.Length, from + _random.Next(1, 5))];
        int percent = _random.Next(4) == 0 ? 0 : _random.Next(60), salt = _random.Next();
        for (long position = run[0].Header.First; position <= run[^1].Last; position++)
            if (!IsNeeded(position))
                _model.Forget(position);
        try
        {
            if (_core.Compact(run, IsNeeded) is null)
                Compactions++;
        }
        catch (DiskException)
        {
            Assert.True(_faults);
        }

        bool IsNeeded(long position) => new Random((int)(position ^ salt)).Next(100) < percent;
    }

    /// <summary>A reader that stays while the log is written and trimmed.</summary>
    private void Read(int count)
    {
        if (_reader is null)
        {
            _readerFrom = _model.TrimmedThrough + 1;
            _readByReader = [];
            _reader = _core.OpenReader(_readerFrom, _found.Add);
        }

        try
        {
            while (count-- > 0 && _reader.TryRead() is { } record)
            {
                Take(record, _readByReader);
                Assert.Equal(record.Position + 1, _reader.Next);
            }
        }
        catch (DiskException)
        {
            Assert.True(_disk.OtherFailures > 0 || _disk.ReadFailures > 0);
        }

        _model.CheckComplete(_readerFrom, _reader.Next, _readByReader, _found);
    }

    private void CheckAll()
    {
        long from = _model.TrimmedThrough + 1;
        HashSet<long> read = [];
        List<long> order = [];
        using SegmentReader reader = _core.OpenReader(from, _found.Add);
        while (reader.TryRead() is { } record)
        {
            Take(record, read);
            order.Add(record.Position);
        }

        Assert.Equal(order.Order().Distinct(), order);
        _model.CheckComplete(from, long.MaxValue, read, _found);
    }

    private void Take(LogRecord record, HashSet<long> read)
    {
        _model.Check(record);
        record.Body.Release();
        read.Add(record.Position);
    }

    private void SaveCursor()
    {
        if (_random.Next(2) == 0)
            TryKeepRoom();
        long low = _model.TrimmedThrough;
        long from = low + 2 + _random.Next(5);
        var state = new CursorState(low, [new PositionRange(from, from)], new byte[] { (byte)++_cursorSerial });
        if (state.Highest > _core.SafeThrough)
            state = state with { Completed = [] };
        try
        {
            // Until it returns, the old state or the new one may be found.
            _cursors.Add(state);
            _file.Save(state);
            _cursors.RemoveRange(0, _cursors.Count - 1);
        }
        catch (DiskException)
        {
            Assert.True(_cursors.Count > 0);
        }
    }

    private void TryKeepRoom()
    {
        try
        {
            _file.KeepRoom();
        }
        catch (DiskException)
        {
            // It saves without.
        }
    }

    private void CheckCursor(RecoveredLog recovered)
    {
        if (recovered.Cursors.TryGetValue(Reader, out CursorState? found))
        {
            CursorState? same = _cursors.Find(state => state.Extra.Span.SequenceEqual(found.Extra.Span));
            Assert.NotNull(same);
            Assert.Equal(same.LowWaterMark, found.LowWaterMark);
            Assert.Equal(same.Completed, found.Completed);
            Assert.True(recovered.LastPosition >= found.Highest);
        }
        else
        {
            // Only before a save returned for the first time.
            Assert.True(_cursors.Count == 0 || _cursors[0].Extra.Span[0] == 1);
        }
    }

    private void ChangeFaults()
    {
        if (!_faults)
            return;
        bool isWell = _random.Next(2) == 0;
        _disk.SyncFailures = isWell ? 0 : _random.Next(500);
        _disk.OtherFailures = isWell ? 0 : _random.Next(200);
        _disk.ReadFailures = isWell ? 0 : _random.Next(300);
        _disk.Capacity = _random.Next(4) > 0 ? long.MaxValue : _random.Next(50_000, 400_000);
        _disk.IsTaken = _random.Next(8) == 0;
    }

    /// <summary>Positions do not outrun it, and no more is known of it.</summary>
    private sealed class Clock(LogSimulation simulation) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddMicroseconds(simulation._tail);
    }
}
