using System.Buffers.Binary;
using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>
/// A library preloaded into a gateway, compiled from C when the test runs, and a page of memory that the two share.
/// </summary>
internal sealed class PreloadedLibrary : IDisposable
{
    private readonly ScratchFolder folder = new("calls");
    private readonly string page;

    /// <param name="source">The C file, in the folder of these tests.</param>
    /// <param name="variable">The variable that tells the library where the page is.</param>
    /// <param name="configuration">The processes that get it.</param>
    public PreloadedLibrary(string source, string variable, GatewayConfiguration configuration)
    {
        Requires.Compiler();
        page = folder.File("page");
        File.WriteAllBytes(page, new byte[4096]);
        string library = folder.File(Path.ChangeExtension(source, ".so"));
        string path = Path.Combine(RepositoryTree.Root, "tests", "System.Tests", "Durability", source);
        using (Process compiler = Process.Start(
            new ProcessStartInfo("gcc", ["-shared", "-fPIC", "-O1", "-o", library, path])
            {
                RedirectStandardError = true,
            })!)
        {
            string said = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, said);
        }

        configuration.Environment["LD_PRELOAD"] = library;
        configuration.Environment[variable] = page;
    }

    public void Dispose() => folder.Dispose();

    /// <summary>A number of the page, at this offset.</summary>
    public long this[int offset]
    {
        get
        {
            using FileStream stream = Open();
            stream.Position = offset;
            byte[] number = new byte[8];
            stream.ReadExactly(number);
            return BinaryPrimitives.ReadInt64LittleEndian(number);
        }

        set
        {
            byte[] number = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
            using FileStream stream = Open();
            stream.Position = offset;
            stream.Write(number);
        }
    }

    private FileStream Open() => new(page, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
}
