using System.Buffers;
using System.Buffers.Binary;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The bytes of a set of positions: pieces, in order.
/// <code>
///  0      8    16  20
///  +------+----+---+------+
///  | from | to | n | what |
///  +------+----+---+------+
/// </code>
/// n is how many runs there are in it. 1: all from the first to the last, and nothing follows. More: each is two
/// offsets from the first position (2, 2), both included. 0: a bit for each position of 65,536, the lowest first.
/// Little-endian.
/// </summary>
internal static class PositionFormat
{
    private const int PieceLength = 20;
    private const int RunLength = 4;

    /// <summary>Writes a set.</summary>
    public static void Write(IBufferWriter<byte> writer, PositionRuns positions)
    {
        // What is adjacent is one piece, though the blocks are several.
        PositionRange? run = null;
        foreach (var piece in positions.Pieces)
        {
            if (RunOf(piece) is { } next)
            {
                if (run is { } before && before.To + 1 == next.From)
                    next = next with { From = before.From };
                else
                    WriteRun(writer, run);
                run = next;
                continue;
            }

            WriteRun(writer, run);
            run = null;
            WritePiece(writer, new PositionRange(piece.Start, piece.End), piece.Block!.Runs.Length);
            Write(writer, piece.Block);
        }

        WriteRun(writer, run);
    }

    /// <summary>Reads a set; false when these bytes are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out PositionRuns positions)
    {
        positions = [];
        while (bytes.Length >= PieceLength)
        {
            var from = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            var to = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
            var runs = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
            var length = runs switch { 0 => PositionBlock.Size / 8, 1 => 0, _ => (long)RunLength * runs };
            bytes = bytes[PieceLength..];
            if (to < from || length > bytes.Length || (runs != 1 && to - from >= PositionBlock.Size))
                return false;
            var what = bytes[..(int)length];
            bytes = bytes[what.Length..];
            if (runs == 1)
                positions.Add(from, to);
            else if (runs == 0)
                ReadBits(what, from, positions);
            else if (!TryReadRuns(what, from, positions))
                return false;
        }

        return bytes.IsEmpty;
    }

    private static PositionRange? RunOf(in PositionRuns.Piece piece) => piece.Block switch
    {
        null => new PositionRange(piece.Start, piece.End),
        { Runs: [var (from, to)] } => new PositionRange(piece.Start + from, piece.Start + to),
        _ => null,
    };

    private static void WriteRun(IBufferWriter<byte> writer, PositionRange? run)
    {
        if (run is not null)
            WritePiece(writer, run.Value, 1);
    }

    private static void WritePiece(IBufferWriter<byte> writer, PositionRange piece, int runs)
    {
        var bytes = writer.GetSpan(PieceLength);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, piece.From);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], piece.To);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], runs);
        writer.Advance(PieceLength);
    }

    private static void Write(IBufferWriter<byte> writer, PositionBlock block)
    {
        foreach (var (from, to) in block.Runs)
        {
            var bytes = writer.GetSpan(RunLength);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, from);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], to);
            writer.Advance(RunLength);
        }

        foreach (var bits in block.Bits)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(sizeof(ulong)), bits);
            writer.Advance(sizeof(ulong));
        }
    }

    private static bool TryReadRuns(ReadOnlySpan<byte> bytes, long first, PositionRuns positions)
    {
        for (; !bytes.IsEmpty; bytes = bytes[RunLength..])
        {
            var from = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            var to = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            if (to < from)
                return false;
            positions.Add(first + from, first + to);
        }

        return true;
    }

    private static void ReadBits(ReadOnlySpan<byte> bytes, long first, PositionRuns positions)
    {
        for (var offset = 0; offset < PositionBlock.Size; offset++)
        {
            if ((bytes[offset >> 3] & (1 << (offset & 7))) != 0)
                positions.Add(first + offset, first + offset);
        }
    }
}
