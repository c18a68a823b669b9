using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace InfluxMirror.Journal.Disk;

/// <summary>A folder of the machine. Its files belong to their owner only (folder 0700, files 0600).</summary>
public sealed class LinuxDisk : IDisk
{
    private const string LockName = "lock";
    private const UnixFileMode OwnerOnly =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _folder;

    /// <summary>The folder at <paramref name="folder"/>, made when it is not there, durably.</summary>
    /// <exception cref="DiskException">It cannot be made or read.</exception>
    public LinuxDisk(string folder)
    {
        _folder = Path.GetFullPath(folder);
        var missing = new Stack<string>();
        for (var path = _folder; path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path))
            missing.Push(path);
        while (missing.TryPop(out var path))
        {
            Try("make the folder", path, () => MakeFolder(path));
            // What is synced in a folder that has no name yet goes with it in a power cut.
            SyncFolder(Path.GetDirectoryName(path)!);
        }

        SyncParents();
        // One that was there may be open to others.
        Try("protect the folder", _folder, () =>
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(_folder, OwnerOnly);
            return true;
        });
    }

    /// <summary>The folder.</summary>
    public override string ToString() => _folder;

    /// <inheritdoc/>
    public long FreeBytes => Try("ask for the space of", _folder, () => new DriveInfo(_folder).AvailableFreeSpace);

    /// <inheritdoc/>
    public long TotalBytes => Try("ask for the size of", _folder, () => new DriveInfo(_folder).TotalSize);

    /// <inheritdoc/>
    public IDisposable Lock()
    {
        var path = PathOf(LockName);
        var file = OpenHandle(path, Libc.ReadWrite | Libc.Create);
        if (Libc.Lock(file, Libc.LockExclusive | Libc.LockNonBlocking) == 0)
        {
            NoteOwner(file);
            return file;
        }

        var error = Marshal.GetLastPInvokeError();
        using (file)
        {
            throw error == Libc.WouldBlock
                ? new DiskException(DiskFault.Locked, $"The folder '{_folder}' is in use by {OwnerOf(file)}.")
                : Failure("lock", path, error);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => Try("list", _folder, () =>
        (IReadOnlyList<string>)[.. Directory.EnumerateFiles(_folder).Select(path => Path.GetFileName(path))]);

    /// <inheritdoc/>
    public DiskFile Create(string name) => OpenFile(name, Libc.ReadWrite | Libc.Create | Libc.Exclusive);

    /// <inheritdoc/>
    public DiskFile Open(string name) => OpenFile(name, Libc.ReadWrite);

    /// <inheritdoc/>
    public void Rename(string from, string to) => Try("rename", PathOf(from), () =>
    {
        File.Move(PathOf(from), PathOf(to), overwrite: true);
        return true;
    });

    /// <inheritdoc/>
    public bool TryExchange(string one, string other)
    {
        var path = PathOf(one);
        try
        {
            if (Libc.Rename(Libc.WorkingFolder, path, Libc.WorkingFolder, PathOf(other), Libc.RenameExchange) == 0)
                return true;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library without it.
            return false;
        }

        // A rename tells what else they may mean.
        var error = Marshal.GetLastPInvokeError();
        return error is Libc.InvalidArgument or Libc.NoSystemCall or Libc.NotSupported or Libc.NotPermitted
            ? false
            : throw Failure("exchange", path, error);
    }

    /// <inheritdoc/>
    public void Delete(string name) => Try("delete", PathOf(name), () =>
    {
        File.Delete(PathOf(name));
        return true;
    });

    /// <inheritdoc/>
    public void SyncDirectory() => SyncFolder(_folder);

    /// <summary>What a failed system call means.</summary>
    internal static DiskException Failure(string verb, string path, int error) =>
        new(FaultOf(error), $"Could not {verb} '{path}': {Marshal.GetPInvokeErrorMessage(error)} (error {error}).");

    /// <summary>Runs a call of the framework and says what its exception means.</summary>
    internal static T Try<T>(string verb, string path, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(verb, path, e);
        }
    }

    /// <summary>What an exception of the framework means; on Linux it carries the error number.</summary>
    internal static DiskException Failure(string verb, string path, Exception cause) =>
        new(
            cause is FileNotFoundException or DirectoryNotFoundException ? DiskFault.Missing : FaultOf(cause.HResult),
            $"Could not {verb} '{path}': {cause.Message}",
            cause);

    private static DiskFault FaultOf(int error) => error switch
    {
        Libc.NoSpace or Libc.QuotaExceeded => DiskFault.Full,
        Libc.NoEntry => DiskFault.Missing,
        _ => DiskFault.Failed,
    };

    /// <summary>Says which process has the lock, for whoever is refused; the lock counts without it.</summary>
    private static void NoteOwner(SafeFileHandle file)
    {
        try
        {
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(
                file, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk is no reason not to deliver what is on it.
        }
    }

    private static string OwnerOf(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[20];
        try
        {
            var digits = text[..RandomAccess.Read(file, text, 0)];
            return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                ? $"process {process}"
                : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }

    /// <summary>
    /// Whoever made a folder that is there may have been killed before its name was synced. One that may not be opened,
    /// or is on a file system that takes no sync of it, is none in which a gateway could have made another.
    /// </summary>
    private void SyncParents()
    {
        for (var path = Path.GetDirectoryName(_folder); path is not null; path = Path.GetDirectoryName(path))
        {
            var descriptor = Libc.Open(path, Libc.ReadOnly | Libc.CloseOnExec, 0);
            if (descriptor < 0)
                return;
            using var folder = new SafeFileHandle(descriptor, ownsHandle: true);
            if (Libc.Sync(folder) != 0 && Marshal.GetLastPInvokeError() is Libc.InputOutput and var error)
                throw Failure("sync", path, error);
        }
    }

    private static DirectoryInfo MakeFolder(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, OwnerOnly);

    private static void SyncFolder(string path)
    {
        using var folder = OpenHandle(path, Libc.ReadOnly);
        if (Libc.Sync(folder) != 0)
            throw Failure("sync", path, Marshal.GetLastPInvokeError());
    }

    private static SafeFileHandle OpenHandle(string path, int flags)
    {
        while (true)
        {
            var descriptor = Libc.Open(path, flags | Libc.CloseOnExec, Libc.OwnerReadsAndWrites);
            if (descriptor >= 0)
                return new SafeFileHandle(descriptor, ownsHandle: true);
            var error = Marshal.GetLastPInvokeError();
            if (error != Libc.Interrupted)
                throw Failure("open", path, error);
        }
    }

    private LinuxFile OpenFile(string name, int flags)
    {
        var path = PathOf(name);
        return new LinuxFile(path, OpenHandle(path, flags));
    }

    private string PathOf(string name) => Path.Combine(_folder, name);
}
