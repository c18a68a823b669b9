using InfluxMirror.LineProtocol;

namespace InfluxMirror.Inputs;

/// <summary>
/// What of a datagram is stored: its good lines, stamped. Nobody is there to be told about the others, so they are
/// cut out, and nothing that is merged with the rest can suffer from them. (influxd and influxdb-relay throw the whole
/// datagram away.)
/// </summary>
internal sealed class UdpLines(Precision precision) : IDisposable
{
    /// <summary>A space and the longest time.</summary>
    private const int MaxStampLength = 21;

    private readonly InsertionPoints _stamps = new();
    private readonly InsertionPoints _cuts = new();

    /// <summary>Good lines.</summary>
    public int Points { get; private set; }

    /// <summary>Lines influxd refuses.</summary>
    public int Invalid { get; private set; }

    /// <summary>Lines that would end the influxd process, or make it fail whatever they come with.</summary>
    public int Harmful { get; private set; }

    /// <summary>
    /// The last line that is kept would swallow whatever followed: a comment with a quote, text that ends in a
    /// backslash.
    /// </summary>
    public bool EndsOpen { get; private set; }

    /// <summary>No more bytes than this are written.</summary>
    public int MaxLength { get; private set; }

    /// <summary>Reads a datagram.</summary>
    public void Scan(ReadOnlySpan<byte> datagram)
    {
        _stamps.Clear();
        _cuts.Clear();
        var scan = LineScanner.Scan(datagram, precision, _stamps, _cuts);
        Points = scan.Points;
        Harmful = scan.EndsInfluxd || scan.FailsInfluxd ? CountHarmful(datagram) : 0;
        Invalid = scan.Faults - Harmful;
        var cuts = _cuts.AsSpan();
        EndsOpen = scan.EndsOpen && (cuts.IsEmpty || cuts[^1] < datagram.Length - 1);
        MaxLength = datagram.Length + (scan.Unstamped * MaxStampLength) + 1;
    }

    /// <summary>Writes what is stored of the datagram just scanned; it ends a line, unless it ends open.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="timestamp">The time, in the unit of the precision, for points without one.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public int Write(ReadOnlySpan<byte> datagram, long timestamp, Span<byte> destination)
    {
        var written = _cuts.Count == 0
            ? TimestampStamper.Stamp(datagram, _stamps.AsSpan(), timestamp, destination)
            : WriteBetweenCuts(datagram, timestamp, destination);
        if (!EndsOpen && written > 0 && destination[written - 1] != '\n')
            destination[written++] = (byte)'\n';
        return written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stamps.Dispose();
        _cuts.Dispose();
    }

    private int WriteBetweenCuts(ReadOnlySpan<byte> datagram, long timestamp, Span<byte> destination)
    {
        var written = 0;
        var start = 0;
        for (var i = 0; i <= _cuts.Count; i += 2)
        {
            var end = i < _cuts.Count ? _cuts.AsSpan()[i] : datagram.Length;
            var kept = datagram[start..end];
            // Once more, as offsets are counted from the start of what is stamped.
            _stamps.Clear();
            LineScanner.Scan(kept, precision, _stamps);
            written += TimestampStamper.Stamp(kept, _stamps.AsSpan(), timestamp, destination[written..]);
            if (i < _cuts.Count)
                start = _cuts.AsSpan()[i + 1];
        }

        return written;
    }

    private int CountHarmful(ReadOnlySpan<byte> datagram)
    {
        var count = 0;
        var cuts = _cuts.AsSpan();
        for (var i = 0; i < cuts.Length; i += 2)
        {
            var fault = PointParser.Parse(datagram[cuts[i]..cuts[i + 1]], precision).Fault;
            if (fault is LineFault.EndsInfluxd or LineFault.TagCountFailsInfluxd)
                count++;
        }

        return count;
    }
}
