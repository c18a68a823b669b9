namespace InfluxMirror.LineProtocol;

/// <summary>
/// Reads plain lines by the faster of two readers where it can: <see cref="PlainBlocks"/>, which not every processor
/// runs and which knows no strings, and <see cref="PlainLines"/>.
/// </summary>
internal ref struct PlainReader
{
    // Where the faster reader stops, the other one takes a turn of few bytes. It takes longer turns while the
    // faster one gains nothing by its own, up to a length where the vain tries cost nothing to speak of.
    private const int ShortTurn = 512;
    private const int LongTurn = 1 << 17;
    private const int Gain = 1024;

    private readonly int _length;
    private PlainBlocks _blocks;
    private PlainLines _lines;
    private int _turn = ShortTurn;
    private int _left;

    /// <param name="body">Line protocol.</param>
    /// <param name="tokens">Scratch of <see cref="TokenIndexer.Capacity"/>.</param>
    /// <param name="masks">Scratch of <see cref="PlainBlocks.Room"/>; none to leave the faster reader out.</param>
    /// <param name="precision">The unit of the timestamps.</param>
    public PlainReader(ReadOnlySpan<byte> body, Span<ushort> tokens, Span<ulong> masks, Precision precision)
    {
        _length = body.Length;
        _lines = new PlainLines(body, tokens, precision);
        _blocks = new PlainBlocks(body, masks, precision);
        _left = masks.IsEmpty ? int.MaxValue : 0;
    }

    /// <summary>Reads lines from <paramref name="position"/> on until one is not plain.</summary>
    /// <param name="position">Where a line starts; never less than in the call before.</param>
    /// <param name="scan">Counts the points.</param>
    /// <param name="unstampedEnds">Takes the ends of lines without timestamp.</param>
    /// <returns>Where the first line that is not plain starts, or the length of the body.</returns>
    public int Read(int position, ref BodyScan scan, InsertionPoints? unstampedEnds)
    {
        do
        {
            if (!_lines.MoveTo(position))
            {
                if (_left <= 0)
                    position = ReadBlocks(position, ref scan, unstampedEnds);
                int reach = Math.Min(_left, TokenIndexer.ChunkLength);
                _left -= reach;
                if (position == _length || !_lines.Index(position, reach))
                    break;
            }
        }
        while (_lines.Read(ref position, ref scan, unstampedEnds));

        return position;
    }

    private int ReadBlocks(int position, ref BodyScan scan, InsertionPoints? unstampedEnds)
    {
        int end = _blocks.Read(position, ref scan, unstampedEnds);
        _turn = end - position >= Gain ? ShortTurn : Math.Min(_turn * 2, LongTurn);
        _left = _turn;
        return end;
    }
}
