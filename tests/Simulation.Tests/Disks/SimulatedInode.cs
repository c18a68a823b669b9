namespace Gateway.SimulationTests.Disks;

/// <summary>
/// The bytes of a file, as programs see them and as a power cut would leave them. A sector of 512 bytes is written
/// whole or not at all.
/// </summary>
public sealed class SimulatedInode
{
    public const int SectorBytes = 512;

    private readonly HashSet<int> _dirty = [];
    private byte[] _seen = [];
    private byte[] _kept = [];
    private int _keptLength;

    public int Length { get; private set; }

    public int Read(long offset, Span<byte> buffer)
    {
        int count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        _seen.AsSpan((int)Math.Min(offset, Length), count).CopyTo(buffer);
        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        int end = (int)offset + bytes.Length;
        if (end > _seen.Length)
            Array.Resize(ref _seen, Math.Max(Sectors(end) * SectorBytes, _seen.Length * 2));
        bytes.CopyTo(_seen.AsSpan((int)offset));
        Length = Math.Max(Length, end);
        for (int sector = (int)offset / SectorBytes; sector < Sectors(end); sector++)
            _dirty.Add(sector);
    }

    public void Sync()
    {
        foreach (int sector in _dirty)
            Keep(sector);
        _dirty.Clear();
        _keptLength = Length;
    }

    /// <summary>
    /// As Linux does it: pages that could not be written are clean afterwards, so that the next sync has nothing to
    /// say about them; and the cache may forget them.
    /// </summary>
    public void FailSync(Random random)
    {
        foreach (int sector in _dirty.Order())
        {
            if (random.Next(2) == 0)
                Keep(sector);
            else if (random.Next(2) == 0)
                Forget(sector);
        }

        _dirty.Clear();
        if (random.Next(2) == 0)
            _keptLength = Length;
    }

    /// <summary>A power cut: of what was not synced, some sectors are there.</summary>
    public void LosePower(Random random)
    {
        int chance = random.Next(4) * 50;
        foreach (int sector in _dirty.Order())
            if (random.Next(150) < chance)
                Keep(sector);
        _dirty.Clear();
        if (Length > _keptLength)
            _keptLength = random.Next(3) switch
            {
                0 => _keptLength,
                1 => Length,
                _ => random.Next(_keptLength, Length),
            };
        Array.Resize(ref _kept, Sectors(_keptLength) * SectorBytes);
        _kept.AsSpan(_keptLength).Clear();
        _seen = [.. _kept];
        Length = _keptLength;
    }

    public void Flip(int offset, int bit)
    {
        _seen[offset] ^= (byte)(1 << bit);
        if (offset < _kept.Length)
            _kept[offset] ^= (byte)(1 << bit);
    }

    private static int Sectors(int bytes) => (bytes + SectorBytes - 1) / SectorBytes;

    private void Keep(int sector)
    {
        int end = (sector + 1) * SectorBytes;
        if (end > _kept.Length)
            Array.Resize(ref _kept, end);
        _seen.AsSpan(sector * SectorBytes, SectorBytes).CopyTo(_kept.AsSpan(sector * SectorBytes));
    }

    private void Forget(int sector)
    {
        Span<byte> to = _seen.AsSpan(sector * SectorBytes, SectorBytes);
        to.Clear();
        if ((sector + 1) * SectorBytes <= _kept.Length)
            _kept.AsSpan(sector * SectorBytes, SectorBytes).CopyTo(to);
    }
}
