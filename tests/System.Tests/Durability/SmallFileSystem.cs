using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>A file system in memory of a few MiB, to be filled up.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly ScratchFolder scratch = new("disk");
    private Thread? filling;
    private volatile bool isDisposed;

    private SmallFileSystem(int megabytes)
    {
        Folder = scratch.File("mounted");
        Directory.CreateDirectory(Folder);
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=0700", "gateway-test", Folder);
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    public static SmallFileSystem Mount(int megabytes)
    {
        Requires.Root();
        return new SmallFileSystem(megabytes);
    }

    /// <summary>Takes all the space there is.</summary>
    public void Fill()
    {
        using FileStream stream = new(Filler, FileMode.Append);
        Take(stream);
    }

    /// <summary>Takes all the space there is, and from then on whatever comes free.</summary>
    public void FillForGood()
    {
        Fill();
        filling = new Thread(() =>
        {
            using FileStream stream = new(Filler, FileMode.Append);
            while (!isDisposed)
                Take(stream);
        });
        filling.Start();
    }

    private static void Take(FileStream stream)
    {
        byte[] block = new byte[4096];
        try
        {
            while (true)
            {
                stream.Write(block);
                stream.Flush();
            }
        }
        catch (IOException)
        {
            // That was the last block.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose()
    {
        isDisposed = true;
        filling?.Join();
        Run("umount", "--lazy", Folder);
        scratch.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {said}");
    }
}
