using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>The log of dead letters on a disk with little space.</summary>
public sealed class LetterLogTests : DurableTests
{
    [Fact]
    public async Task F6_dead_letters_leave_the_last_of_a_full_disk_to_what_lets_go_of_records()
    {
        SizedDisk disk = new(new LinuxDisk(Folder), Folder, 256 << 20);
        JournalOptions journal = new() { Durability = Durability.Process, StartPatience = TimeSpan.Zero };
        await using LetterLog letters = LetterLog.Open(disk, journal, static _ => { });
        Assert.True(await letters.WaitDurableAsync(Append(letters)));
        disk.Fill(leaving: 300 * 1024);

        Assert.False(await letters.WaitDurableAsync(Append(letters)));
        Assert.Equal(300 * 1024, disk.FreeBytes);
    }

    private static long Append(LetterLog letters)
    {
        SharedBuffer body = SharedBuffer.Copy(new byte[100_000]);
        long position = letters.Append(new LogEntry(LetterFormat.Letter, default, body));
        body.Release();
        Assert.NotEqual(0, position);
        return position;
    }
}
