using System.Diagnostics;
using System.Globalization;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>The folder of a real machine.</summary>
public sealed class LinuxDiskTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly ScratchJournal _scratch = new();

    [Fact]
    public async Task Files_belong_to_their_owner_only()
    {
        string folder = Path.Combine(_scratch.Folder, "deep", "journal");
        await using (SegmentLog log = SegmentLog.Open(new LinuxDisk(folder), _scratch.Options, _ => { }))
        {
            await ScratchJournal.Append(log, new byte[100]);
            new CursorFile(new LinuxDisk(folder), "a").Save(new CursorState(1, []));
        }

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, new DirectoryInfo(folder).UnixFileMode);
        string[] files = Directory.GetFiles(folder);
        Assert.Contains(files, file => file.EndsWith(".seg", StringComparison.Ordinal));
        Assert.Contains(files, file => file.EndsWith(".cursor", StringComparison.Ordinal));
        Assert.All(files, file => Assert.Equal(OwnerOnly, new FileInfo(file).UnixFileMode));
    }

    [Fact]
    public void Two_files_swap_their_names_and_one_alone_keeps_its_own()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        using (DiskFile file = disk.Create("one"))
            file.Write(0, "1"u8);
        DiskException refusal = Assert.Throws<DiskException>(() => disk.TryExchange("one", "other"));
        Assert.Equal(DiskFault.Missing, refusal.Fault);
        disk.Create("other").Dispose();

        Assert.True(disk.TryExchange("one", "other"));

        Assert.Equal((0, 1), (Length("one"), Length("other")));

        int Length(string name) => (int)new FileInfo(Path.Combine(_scratch.Folder, name)).Length;
    }

    [Fact]
    public async Task A_second_process_is_told_who_has_the_folder()
    {
        await using SegmentLog log = _scratch.Open();
        DiskException refusal = Assert.Throws<DiskException>(_scratch.Open);
        Assert.Equal(DiskFault.Locked, refusal.Fault);
        Assert.Contains(_scratch.Folder, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(
            $"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}", refusal.Message,
            StringComparison.Ordinal);
        // The lock is the system's, so that it also holds for a process that is not ours.
        Assert.Equal(1, await TryToLock());
    }

    [Fact]
    public async Task The_lock_ends_with_the_log()
    {
        await using (_scratch.Open())
            Assert.Equal(1, await TryToLock());
        Assert.Equal(0, await TryToLock());
        await using SegmentLog again = _scratch.Open();
    }

    [Fact]
    public void The_lock_is_had_though_there_is_no_space_to_say_who_has_it()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        // One file for the system, whatever it is called: a lock on it is a lock.
        File.CreateSymbolicLink(Path.Combine(_scratch.Folder, "lock"), "/dev/full");
        using (disk.Lock())
        {
            DiskException refusal = Assert.Throws<DiskException>(disk.Lock);
            Assert.Equal(DiskFault.Locked, refusal.Fault);
            Assert.EndsWith("is in use by another process.", refusal.Message, StringComparison.Ordinal);
        }

        disk.Lock().Dispose();
    }

    [Fact]
    public void A_full_device_is_called_full()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        File.CreateSymbolicLink(Path.Combine(_scratch.Folder, "full"), "/dev/full");
        using DiskFile file = disk.Open("full");
        Assert.Equal(DiskFault.Full, Assert.Throws<DiskException>(() => file.Write(0, new byte[10])).Fault);
        Assert.Equal(
            DiskFault.Full,
            Assert.Throws<DiskException>(() => file.Write(0, [new byte[10], new byte[10]])).Fault);
    }

    [Fact]
    public void What_cannot_be_synced_says_so()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        File.CreateSymbolicLink(Path.Combine(_scratch.Folder, "null"), "/dev/null");
        using DiskFile file = disk.Open("null");
        Assert.Equal(DiskFault.Failed, Assert.Throws<DiskException>(file.Sync).Fault);
    }

    [Fact]
    public void What_is_missing_is_called_missing()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        Assert.Equal(DiskFault.Missing, Assert.Throws<DiskException>(() => disk.Open("nothing")).Fault);
        Assert.Equal(DiskFault.Missing, Assert.Throws<DiskException>(() => disk.Rename("nothing", "something")).Fault);
        disk.Delete("nothing");
    }

    [Fact]
    public void A_write_of_thousands_of_pieces_is_whole()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        byte[] expected = ScratchJournal.Body(100_000, 1);
        List<ReadOnlyMemory<byte>> pieces = [];
        for (int at = 0; at < expected.Length; at += 20)
            pieces.Add(expected.AsMemory(at, 20));
        using DiskFile file = disk.Create("pieces");
        file.Write(7, pieces);
        Assert.Equal(expected.Length + 7, file.Length);
        var read = new byte[expected.Length + 100];
        Assert.Equal(expected.Length, file.Read(7, read));
        Assert.Equal(expected, read[..expected.Length]);
    }

    [Fact]
    public void Space_is_that_of_the_file_system()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        Assert.InRange(disk.FreeBytes, 1, disk.TotalBytes);
        disk.SyncDirectory();
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>0 when another process could take the lock.</summary>
    private async Task<int> TryToLock()
    {
        using Process other = Process.Start("flock", ["--nonblock", Path.Combine(_scratch.Folder, "lock"), "true"]);
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        return other.ExitCode;
    }
}
