using Gateway.SimulationTests.Disks;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>
/// Two destinations that execute the records of several lanes, each lane in order, from a log that leaves out what both
/// have; the program ends anywhere, and the next life sends again what no cursor was saved for. An acknowledged record
/// must not be missing, and nothing older may come behind it.
/// </summary>
public sealed class ReplaySimulation
{
    private const int Lanes = 3;

    private readonly Random _random;
    private readonly SimulatedDisk _disk;
    private readonly LogOptions _options;
    private readonly Destination[] _destinations = [new("a"), new("b")];
    private readonly long[] _acknowledged = new long[Lanes];
    private readonly List<Sent> _asked = [];
    private LogCore _core = null!;

    // A reader that came meanwhile and is not done with what is on disk; for so many steps more.
    private int _latecomer;

    // Values grow with every append, positions may come again when nothing is left of them.
    private long _serial;

    public ReplaySimulation(int seed)
    {
        _random = new Random(seed);
        _disk = new SimulatedDisk(new Random(seed ^ 0x5eed));
        _options = new LogOptions { SegmentBytes = 16 * 1024, Salts = () => (ulong)_random.NextInt64() };
    }

    /// <summary>Records that were acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Of them those of which it was enough that both destinations had them.</summary>
    public int Settled { get; private set; }

    /// <summary>Records that were sent again after a crash.</summary>
    public int SentAgain { get; private set; }

    /// <summary>Runs it to its end.</summary>
    public void Run()
    {
        for (int life = 0; life < 4; life++)
        {
            try
            {
                Begin();
                _disk.CrashAfter = _random.Next(60);
                _disk.Meanwhile = Meanwhile;
                for (int step = 0; step < 80; step++)
                    Live();
            }
            catch (SimulatedCrash)
            {
                // What was answered before it counts.
                Acknowledge();
            }

            _disk.Meanwhile = static () => { };
            _core.Dispose();
            _disk.Restart(powerCut: true);
        }

        Begin();
        _core.Dispose();
    }

    private void Begin()
    {
        RecoveredLog recovered = Recovery.Run(_disk, _options);
        Assert.DoesNotContain(recovered.Damage, damage => damage.Acknowledged);
        _core = new LogCore(_disk, _options, recovered, static _ => { }) { Checkpoint = Checkpoint };
        _asked.Clear();
        foreach (Destination destination in _destinations)
            destination.Restart(_disk, recovered.Cursors.GetValueOrDefault(destination.Name), recovered.LastPosition);
        _latecomer = 0;
        _core.Cover(_destinations.Min(destination => destination.Saved));
        Replay();
        for (int lane = 0; lane < Lanes; lane++)
        {
            foreach (Destination destination in _destinations)
                Assert.True(destination.Values[lane] >= _acknowledged[lane],
                    $"{destination.Name} has {destination.Values[lane]} in lane {lane}, {_acknowledged[lane]} was acknowledged");
        }
    }

    /// <summary>Every destination gets what is on disk and not known to be done, in order.</summary>
    private void Replay()
    {
        using SegmentReader reader = _core.OpenReader(1, static _ => { });
        while (reader.TryRead() is { } found)
        {
            foreach (Destination destination in _destinations.Where(one => !one.Completed.Contains(found.Position)))
            {
                destination.Values[found.Kind] = BitConverter.ToInt64(found.Header.Span);
                SentAgain++;
            }

            found.Body.Release();
        }

        foreach (Destination destination in _destinations)
            destination.CompleteThrough(_core.Tail);
    }

    private void Live()
    {
        if (_latecomer > 0)
            _latecomer--;
        else if (_random.Next(40) == 0)
            Come();
        switch (_random.Next(8))
        {
            case < 3: Append(); break;
            case < 5: Settle(); break;
            case 5: Ask(); break;
            case 6: Write(); break;
            default: Save(); break;
        }

        Acknowledge();
    }

    private void Append()
    {
        int lane = _random.Next(Lanes);
        SharedBuffer body = SharedBuffer.Copy(new byte[_random.Next(200)]);
        var entry = new LogEntry((byte)lane, BitConverter.GetBytes(++_serial), body);
        AppendOutcome outcome = _core.TryAppend(entry);
        body.Release();
        Assert.Equal(AppendOutcome.Appended, outcome);
        var record = new Sent(entry, lane, _serial) { Left = _destinations.Length };
        foreach (Destination destination in _destinations)
            destination.Waiting[lane].Enqueue(record);
    }

    /// <summary>A destination executes the next record of a lane.</summary>
    private void Settle()
    {
        Destination destination = _destinations[_random.Next(_destinations.Length)];
        if (!destination.Waiting[_random.Next(Lanes)].TryDequeue(out Sent? record))
            return;
        destination.Values[record.Lane] = record.Value;
        destination.Completed.Add(record.Entry.Position);
        if (--record.Left > 0)
            return;
        _core.Cancel(record.Entry);
        if (!record.Entry.IsLeftOut)
            return;
        Acknowledge(record);
        Settled++;
    }

    private void Ask()
    {
        Sent[] open = [.. _destinations.SelectMany(one => one.Waiting).SelectMany(lane => lane).Distinct()];
        if (open.Length == 0)
            return;
        Sent record = open[_random.Next(open.Length)];
        if (!record.IsAsked)
            _core.Ask(record.Entry, now: record.Value, safe => record.Answer = safe);
        record.IsAsked = true;
        _asked.Add(record);
    }

    private void Write() => _core.WriteStep(
        _random.Next(3) == 0 ? long.MaxValue : _core.Ripe(_random.NextInt64(_serial + 1)).Through);

    /// <summary>What other threads do while the disk works.</summary>
    private void Meanwhile()
    {
        if (_random.Next(3) == 0)
            Settle();
    }

    private void Save()
    {
        foreach (Destination destination in _destinations)
        {
            var state = CursorState.Of(destination.Completed);
            state.Completed.Remove(_core.SafeThrough + 1, long.MaxValue);
            if (_random.Next(3) == 0)
                destination.File.KeepRoom();
            destination.File.Save(state);
            destination.Saved = state.LowWaterMark;
        }

        if (_latecomer == 0)
            _core.Cover(_destinations.Min(destination => destination.Saved));
    }

    /// <summary>A reader comes that may read everything.</summary>
    private void Come()
    {
        _latecomer = _random.Next(1, 12);
        _core.Uncover(0);
    }

    private void Checkpoint(long written)
    {
        if (_latecomer == 0 && _destinations.All(destination => destination.Completed.LowWaterMark >= written))
            Save();
    }

    private void Acknowledge()
    {
        foreach (Sent record in _asked.Where(record => record.Answer is true))
            Acknowledge(record);
        _asked.RemoveAll(record => record.Answer is not null);
    }

    private void Acknowledge(Sent record)
    {
        Acknowledged++;
        _acknowledged[record.Lane] = Math.Max(_acknowledged[record.Lane], record.Value);
    }

    private sealed record Sent(LogEntry Entry, int Lane, long Value)
    {
        public int Left { get; set; }

        public bool IsAsked { get; set; }

        public bool? Answer { get; set; }
    }

    private sealed class Destination(string name)
    {
        public string Name => name;

        /// <summary>By lane, what it executed last.</summary>
        public long[] Values { get; } = new long[Lanes];

        public Queue<Sent>[] Waiting { get; } = [.. Enumerable.Range(0, Lanes).Select(_ => new Queue<Sent>())];

        public CompletedRanges Completed { get; private set; } = new(0);

        public long Saved { get; set; }

        public CursorFile File { get; private set; } = null!;

        public void Restart(IDisk disk, CursorState? saved, long tail)
        {
            File = new CursorFile(disk, name);
            Completed = saved?.ToRanges() ?? new CompletedRanges(0);
            Saved = Completed.LowWaterMark;
            Assert.True(Completed.LowWaterMark <= tail);
            foreach (Queue<Sent> lane in Waiting)
                lane.Clear();
        }

        public void CompleteThrough(long tail)
        {
            for (long position = Completed.LowWaterMark + 1; position <= tail; position++)
                Completed.Add(position);
        }
    }
}
