using InfluxMirror.Telemetry;

namespace InfluxMirror.Inputs;

/// <summary>The account of one UDP listener: one thread writes, any may read.</summary>
internal sealed class UdpTally
{
    private readonly long[] _refused = new long[Enum.GetValues<UdpRefusal>().Length];
    private long _datagrams, _bytes, _points;

    /// <summary>Datagrams received.</summary>
    public long Datagrams => Interlocked.Read(ref _datagrams);

    /// <summary>Their bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Points the journal took.</summary>
    public long Points => Interlocked.Read(ref _points);

    /// <summary>Points, or lines that are none, that were not taken.</summary>
    public long Refused(UdpRefusal cause) => Interlocked.Read(ref _refused[(int)cause]);

    public void CountDatagram(int bytes)
    {
        Interlocked.Increment(ref _datagrams);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void CountPoints(int points) => Interlocked.Add(ref _points, points);

    public void CountRefused(UdpRefusal cause, int points) => Interlocked.Add(ref _refused[(int)cause], points);
}
