using Gateway.SimulationTests.Disks;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>A small file that is replaced whole, on a disk that is full, fails, or loses its power.</summary>
public sealed class WholeFileTests
{
    private const string Name = "it", Next = "it.new";

    private readonly SimulatedDisk _disk = new(new Random(1));

    [Fact]
    public void F6_others_who_take_all_that_comes_free_do_not_keep_it_from_being_replaced()
    {
        WholeFile file = WithRoom();
        _disk.IsTaken = true;

        for (int number = 2; number < 20; number++)
        {
            file.Replace(Content(number, number * 1000));
            Assert.Equal(number, Read());
        }

        // After a restart too.
        New().Replace(Content(20));
        Assert.Equal(20, Read());
    }

    [Fact]
    public void F6_room_is_made_again_when_there_is_space_for_it_and_more()
    {
        WholeFile file = New();
        file.Replace(Content(1));
        _disk.Capacity = WholeFile.LeastFree;
        file.KeepRoom();
        Assert.Equal([Name], _disk.List());

        _disk.Capacity *= 2;
        file.KeepRoom();
        int room = _disk.Content(Next).Length;
        Assert.Equal(room, _disk.Content(Name).Length);
        file.Replace(Content(2, room * 3 / 4));
        file.KeepRoom();
        Assert.True(_disk.Content(Next).Length > room && _disk.Content(Name).Length > room);
        Assert.Equal(2, Read());
    }

    [Fact]
    public void F6_content_that_the_room_is_too_small_for_does_not_cost_the_room()
    {
        WholeFile file = WithRoom();
        _disk.IsTaken = true;

        DiskException fault = Assert.Throws<DiskException>(() => file.Replace(Content(2, 100_000)));
        Assert.Equal(DiskFault.Full, fault.Fault);
        Assert.Equal(1, Read());
        file.Replace(Content(3));
        Assert.Equal(3, Read());
    }

    [Fact]
    public void F6_room_that_cannot_be_made_larger_is_room_still()
    {
        WholeFile file = WithRoom();
        file.Replace(Content(2, 50_000));
        // Others are faster than the look at what is free: for the second one.
        int opened = 0;
        _disk.Meanwhile = () => _disk.IsTaken = ++opened == 2;
        Assert.Throws<DiskException>(file.KeepRoom);

        _disk.Meanwhile = () => _disk.IsTaken = true;
        file.Replace(Content(3));
        Assert.Equal(3, Read());
    }

    [Fact]
    public void A_file_that_somebody_has_removed_is_there_again_with_the_next_content()
    {
        WholeFile file = WithRoom();
        _disk.Delete(Name);
        file.Replace(Content(2));
        Assert.Equal(2, Read());
    }

    [Fact]
    public void Who_starts_makes_room_for_what_is_there()
    {
        _disk.Place(Name, Content(1, 100_000));
        WholeFile file = New();
        file.KeepRoom();
        _disk.IsTaken = true;
        file.Replace(Content(2, 100_000));
        Assert.Equal(2, Read());
    }

    [Fact]
    public void Room_does_not_grow_from_start_to_start()
    {
        WholeFile file = New();
        file.Replace(Content(1, 60_001));
        file.KeepRoom();
        int room = _disk.Content(Next).Length;
        for (int number = 2; number < 5; number++)
        {
            file = New();
            file.KeepRoom();
            Assert.Equal((room, room), (_disk.Content(Name).Length, _disk.Content(Next).Length));
            file.Replace(Content(number));
        }
    }

    [Fact]
    public void Nothing_is_left_of_a_file_when_a_crash_interrupts_its_removal_but_the_file()
    {
        WholeFile file = WithRoom();
        _disk.CrashAfter = 1;
        Assert.Throws<SimulatedCrash>(file.Delete);
        Assert.Equal([Name], _disk.List());
    }

    [Fact]
    public void A_file_whose_sync_failed_is_not_written_to_again()
    {
        WholeFile file = WithRoom();
        _disk.SyncFailures = 1000;
        Assert.Throws<DiskException>(() => file.Replace(Content(2)));
        _disk.SyncFailures = 0;
        Assert.Equal(Content(2).Length, _disk.Content(Next).Length);

        // Nor is the other one that was made in its place.
        file.Replace(Content(3));
        Assert.Equal(Content(3), _disk.Content(Name));
    }

    [Fact]
    public void Whatever_the_disk_does_there_is_the_content_before_or_the_one_after()
    {
        for (int seed = 1; seed <= 3000; seed++)
        {
            try
            {
                Run(new Random(seed), canExchange: seed % 5 > 0);
            }
            catch (Exception fault)
            {
                Assert.Fail($"seed {seed}: {fault}");
            }
        }
    }

    private static void Run(Random random, bool canExchange)
    {
        var disk = new SimulatedDisk(random) { CanExchange = canExchange };
        // What was saved, and behind it what may have been.
        List<int> saved = [0];
        int last = 0;
        for (int life = 0; life < 4; life++)
        {
            bool hasFaults = random.Next(2) == 0;
            (disk.SyncFailures, disk.OtherFailures) = hasFaults ? (random.Next(300), random.Next(100)) : (0, 0);
            disk.IsTaken = random.Next(3) == 0;
            disk.CrashAfter = random.Next(60);
            var file = new WholeFile(disk, Name, Next);
            try
            {
                while (true)
                    Step();
            }
            catch (SimulatedCrash)
            {
                // That was this life.
            }

            (disk.SyncFailures, disk.OtherFailures, disk.IsTaken) = (0, 0, false);
            bool isPowerCut = random.Next(4) > 0;
            disk.Restart(isPowerCut);
            int found = disk.List().Contains(Name) ? Read(disk) : 0;
            Assert.Contains(found, saved);
            // Else the power may be cut yet, before anything is saved.
            if (isPowerCut)
                saved = [found];

            void Step()
            {
                try
                {
                    if (random.Next(3) == 0)
                    {
                        file.KeepRoom();
                        return;
                    }

                    saved.Add(++last);
                    file.Replace(Content(last, random.Next(5) == 0 ? random.Next(100_000) : random.Next(2000)));
                    saved = [last];
                    Assert.Equal(last, Read(disk));
                }
                catch (DiskException)
                {
                    // Before or after, and the next one may go on.
                }
            }
        }
    }

    /// <summary>A number, and so many bytes that follow from it.</summary>
    private static byte[] Content(int number, int length = 0)
    {
        var bytes = new byte[8 + length];
        BitConverter.TryWriteBytes(bytes, number);
        BitConverter.TryWriteBytes(bytes.AsSpan(4), length);
        new Random(number).NextBytes(bytes.AsSpan(8));
        return bytes;
    }

    private static int Read(SimulatedDisk disk)
    {
        string text = WholeFile.Read(disk, Name, static bytes => bytes.Length < 8 ? null : Decode(bytes)) ?? "damaged";
        return int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string? Decode(byte[] bytes)
    {
        (int number, int length) = (BitConverter.ToInt32(bytes), BitConverter.ToInt32(bytes, 4));
        return bytes.Length >= 8 + length && bytes.AsSpan(0, 8 + length).SequenceEqual(Content(number, length))
            ? number.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : null;
    }

    private int Read() => Read(_disk);

    private WholeFile New() => new(_disk, Name, Next);

    /// <summary>It holds 1, and has room for more.</summary>
    private WholeFile WithRoom()
    {
        WholeFile file = New();
        file.Replace(Content(1));
        file.KeepRoom();
        return file;
    }
}
