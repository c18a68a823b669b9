using InfluxMirror.Journal.Disk;

namespace Gateway.SimulationTests.Disks;

/// <summary>
/// A folder in memory that keeps exactly what <see cref="IDisk"/> promises and not a bit more: it loses what was not
/// synced, tears writes, fails, fills up and ends the program at any operation. Everything follows from one random
/// sequence.
/// </summary>
public sealed class SimulatedDisk(Random random) : IDisk
{
    private readonly Dictionary<string, SimulatedInode> _kept = new(StringComparer.Ordinal);
    private readonly List<Action<Dictionary<string, SimulatedInode>>> _pending = [];
    private Dictionary<string, SimulatedInode> _names = new(StringComparer.Ordinal);

    /// <summary>Operations until the program ends; negative: never.</summary>
    public int CrashAfter { get; set; } = -1;

    /// <summary>How many in a thousand syncs fail, of files and of the folder.</summary>
    public int SyncFailures { get; set; }

    /// <summary>How many in a thousand other operations fail.</summary>
    public int OtherFailures { get; set; }

    /// <summary>How many in a thousand reads fail.</summary>
    public int ReadFailures { get; set; }

    /// <summary>What others do while the program waits for the disk.</summary>
    public Action Meanwhile { get; set; } = static () => { };

    /// <summary>Whether two files can swap their names.</summary>
    public bool CanExchange { get; set; } = true;

    /// <summary>Bytes all files may take.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>Others take whatever comes free, at once.</summary>
    public bool IsTaken { get; set; }

    public long FreeBytes => IsTaken ? 0 : Math.Max(0, Capacity - _names.Values.Sum(inode => (long)inode.Length));

    public long TotalBytes => Capacity;

    public IDisposable Lock() => new MemoryStream();

    public IReadOnlyList<string> List()
    {
        Step(0);
        return [.. _names.Keys.OrderBy(name => name, StringComparer.Ordinal)];
    }

    public DiskFile Create(string name)
    {
        Step(OtherFailures);
        if (_names.ContainsKey(name))
            throw new DiskException(DiskFault.Failed, $"'{name}' is there already.");
        if (FreeBytes == 0)
            throw new DiskException(DiskFault.Full, "Full.");
        var inode = new SimulatedInode();
        Change(names => names[name] = inode);
        return new SimulatedFile(this, inode);
    }

    public DiskFile Open(string name)
    {
        Step(OtherFailures);
        return new SimulatedFile(this, Find(name));
    }

    public void Rename(string from, string to)
    {
        Step(OtherFailures);
        SimulatedInode inode = Find(from);
        Change(names =>
        {
            if (names.GetValueOrDefault(from) == inode)
                names.Remove(from);
            names[to] = inode;
        });
    }

    public bool TryExchange(string one, string other)
    {
        Step(OtherFailures);
        if (!CanExchange)
            return false;
        (SimulatedInode first, SimulatedInode second) = (Find(one), Find(other));
        Change(names => (names[one], names[other]) = (second, first));
        return true;
    }

    public void Delete(string name)
    {
        Step(OtherFailures);
        Change(names => names.Remove(name));
    }

    public void SyncDirectory()
    {
        Step(SyncFailures);
        foreach (Action<Dictionary<string, SimulatedInode>> change in _pending)
            change(_kept);
        _pending.Clear();
    }

    /// <summary>The program is gone; with the power, so is what was not synced.</summary>
    public void Restart(bool powerCut)
    {
        CrashAfter = -1;
        if (!powerCut)
            return;
        foreach (Action<Dictionary<string, SimulatedInode>> change in _pending)
            if (random.Next(2) == 0)
                change(_kept);
        _pending.Clear();
        foreach (SimulatedInode inode in _kept.Values.Concat(_names.Values).Distinct())
            inode.LosePower(random);
        _names = new Dictionary<string, SimulatedInode>(_kept, StringComparer.Ordinal);
    }

    /// <summary>Flips one bit of one file; false when there is none to flip.</summary>
    public bool Flip(Func<string, bool> which)
    {
        string[] files = [.. _names.Keys.Where(which).OrderBy(name => name, StringComparer.Ordinal)];
        if (files.Length == 0 || _names[files[random.Next(files.Length)]] is not { Length: > 0 } inode)
            return false;
        inode.Flip(random.Next(inode.Length), random.Next(8));
        return true;
    }

    /// <summary>Puts a file there, as if it had always been.</summary>
    public void Place(string name, ReadOnlySpan<byte> bytes)
    {
        var inode = new SimulatedInode();
        inode.Write(0, bytes);
        inode.Sync();
        _names[name] = inode;
        _kept[name] = inode;
    }

    /// <summary>The bytes of a file.</summary>
    public byte[] Content(string name)
    {
        var bytes = new byte[_names[name].Length];
        _names[name].Read(0, bytes);
        return bytes;
    }

    private SimulatedInode Find(string name) =>
        _names.GetValueOrDefault(name) ?? throw new DiskException(DiskFault.Missing, $"There is no '{name}'.");

    private void Change(Action<Dictionary<string, SimulatedInode>> change)
    {
        change(_names);
        _pending.Add(change);
    }

    private bool IsLastOperation() => CrashAfter >= 0 && CrashAfter-- == 0;

    private void Step(int failures)
    {
        Meanwhile();
        if (IsLastOperation())
            throw new SimulatedCrash();
        if (failures > 0 && random.Next(1000) < failures)
            throw new DiskException(DiskFault.Failed, "The disk fails.");
    }

    private sealed class SimulatedFile(SimulatedDisk disk, SimulatedInode inode) : DiskFile
    {
        public override long Length => inode.Length;

        public override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (disk.IsLastOperation())
            {
                WriteSome(offset, bytes);
                throw new SimulatedCrash();
            }

            if (disk.OtherFailures > 0 && disk.Next(1000) < disk.OtherFailures)
            {
                WriteSome(offset, bytes);
                throw new DiskException(DiskFault.Failed, "The disk fails.");
            }

            long growth = offset + bytes.Length - inode.Length;
            if (growth > disk.FreeBytes)
            {
                inode.Write(offset, bytes[..(int)Math.Max(0, bytes.Length - growth + disk.FreeBytes)]);
                throw new DiskException(DiskFault.Full, "Full.");
            }

            inode.Write(offset, bytes);
        }

        public override void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
        {
            var bytes = new byte[pieces.Sum(piece => piece.Length)];
            int at = 0;
            foreach (ReadOnlyMemory<byte> piece in pieces)
            {
                piece.Span.CopyTo(bytes.AsSpan(at));
                at += piece.Length;
            }

            Write(offset, bytes);
        }

        public override int Read(long offset, Span<byte> buffer)
        {
            disk.Step(disk.ReadFailures);
            return inode.Read(offset, buffer);
        }

        public override void Sync()
        {
            if (disk.IsLastOperation())
                throw new SimulatedCrash();
            if (disk.SyncFailures > 0 && disk.Next(1000) < disk.SyncFailures)
            {
                inode.FailSync(disk.Random);
                throw new DiskException(DiskFault.Failed, "The sync failed.");
            }

            inode.Sync();
        }

        protected override void Dispose(bool disposing)
        {
        }

        private void WriteSome(long offset, ReadOnlySpan<byte> bytes) =>
            inode.Write(offset, bytes[..disk.Next(bytes.Length + 1)]);
    }

    private Random Random => random;

    private int Next(int below) => random.Next(below);
}
