namespace Vrrp.Daemon.Linux;

/// <summary>Memory that a child can share: an anonymous file, mapped.</summary>
internal static unsafe class SharedMemory
{
    private const uint CloseOnExec = 1;
    private const int ReadWrite = 3;
    private const int Shared = 1;
    private const int SeekEnd = 2;

    /// <summary>Makes it, filled with zeros.</summary>
    /// <returns>Its descriptor.</returns>
    /// <exception cref="LinuxException">No memory, or no descriptor.</exception>
    public static int Create(string name, int length)
    {
        int descriptor = LinuxException.ThrowIfFailed(Libc.MemFdCreate(name, CloseOnExec), "memfd_create");
        LinuxException.ThrowIfFailed(Libc.Truncate(descriptor, length), "ftruncate");
        return descriptor;
    }

    /// <summary>Its length.</summary>
    /// <exception cref="LinuxException">Not a file.</exception>
    public static int LengthOf(int descriptor) =>
        LinuxException.ThrowIfFailed((int)Libc.Seek(descriptor, 0, SeekEnd), "lseek");

    /// <summary>Maps it.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static byte* Map(int descriptor, int length)
    {
        nint memory = Libc.Map(null, (nuint)length, ReadWrite, Shared, descriptor, 0);
        return memory == -1 ? throw new LinuxException("mmap", Libc.Errno) : (byte*)memory;
    }

    /// <summary>Ends the mapping.</summary>
    public static void Unmap(byte* memory, int length) => _ = Libc.Unmap(memory, (nuint)length);
}
