using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>A disk on which something else happens just before a file is opened, made or put in its place.</summary>
internal sealed class HookedDisk(IDisk disk) : IDisk
{
    /// <summary>What happens before the next file is opened, once.</summary>
    public Action? Opening { get; set; }

    /// <summary>What happens before a file is made.</summary>
    public Action? Creating { get; set; }

    /// <summary>What happens before a file gets another name, which is given.</summary>
    public Action<string>? Renaming { get; set; }

    /// <summary>What happens before somebody is told how much space there is.</summary>
    public Action? Measuring { get; set; }

    /// <summary>How much space there is, in place of the disk's.</summary>
    public Func<long>? Free { get; init; }

    /// <summary>How large it is, in place of the disk's.</summary>
    public long? Total { get; init; }

    public long FreeBytes
    {
        get
        {
            Measuring?.Invoke();
            return Free?.Invoke() ?? disk.FreeBytes;
        }
    }

    public long TotalBytes => Total ?? disk.TotalBytes;

    public IDisposable Lock() => disk.Lock();

    public IReadOnlyList<string> List() => disk.List();

    public DiskFile Create(string name)
    {
        Creating?.Invoke();
        return disk.Create(name);
    }

    public DiskFile Open(string name)
    {
        Action? opening = Opening;
        Opening = null;
        opening?.Invoke();
        return disk.Open(name);
    }

    public void Rename(string from, string to)
    {
        Renaming?.Invoke(to);
        disk.Rename(from, to);
    }

    public bool TryExchange(string one, string other)
    {
        Renaming?.Invoke(other);
        return disk.TryExchange(one, other);
    }

    public void Delete(string name) => disk.Delete(name);

    public void SyncDirectory() => disk.SyncDirectory();
}
