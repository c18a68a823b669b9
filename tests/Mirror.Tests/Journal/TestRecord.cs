using InfluxMirror.Journal;

namespace InfluxMirror.Tests.Journal;

/// <summary>An entry that means nothing but its number.</summary>
internal sealed class TestRecord(int number, int bytes = 10) : JournalRecord(Filled(bytes))
{
    public int Number { get; } = number;

    private static SharedBuffer Filled(int bytes)
    {
        SharedBuffer buffer = SharedBuffer.Rent(bytes);
        buffer.Length = bytes;
        return buffer;
    }
}
