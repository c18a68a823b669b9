using System.Buffers.Binary;
using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>
/// A library preloaded into a gateway whose system calls fail or lie on demand; compiled from faulty-calls.c when the
/// test runs.
/// </summary>
internal sealed class FaultyCalls : IDisposable
{
    private const int SyncError = 0;
    private const int ClockSeconds = 8;
    private const int FailedSyncs = 16;
    private const int InputOutputError = 5;

    private readonly ScratchFolder folder = new("calls");
    private readonly string page;

    private FaultyCalls()
    {
        page = folder.File("page");
        File.WriteAllBytes(page, new byte[4096]);
    }

    /// <summary>Syncs that failed so far.</summary>
    public long Failed
    {
        get
        {
            using FileStream stream = Open();
            stream.Position = FailedSyncs;
            byte[] number = new byte[8];
            stream.ReadExactly(number);
            return BinaryPrimitives.ReadInt64LittleEndian(number);
        }
    }

    /// <summary>Compiles the library and puts it into the processes of this configuration.</summary>
    public static FaultyCalls Into(GatewayConfiguration configuration)
    {
        Requires.Compiler();
        FaultyCalls calls = new();
        string library = calls.folder.File("faulty-calls.so");
        string source = Path.Combine(
            RepositoryTree.Root, "tests", "System.Tests", "Durability", "faulty-calls.c");
        using (Process compiler = Process.Start(
            new ProcessStartInfo("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source])
            {
                RedirectStandardError = true,
            })!)
        {
            string said = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, said);
        }

        configuration.Environment["LD_PRELOAD"] = library;
        configuration.Environment["GATEWAY_TEST_FAULTS"] = calls.page;
        return calls;
    }

    /// <summary>fsync and fdatasync fail with EIO from now on, or work again.</summary>
    public void FailSyncs(bool fail) => Set(SyncError, fail ? InputOutputError : 0);

    /// <summary>The wall clock is off by this much from now on.</summary>
    public void ShiftClock(TimeSpan by) => Set(ClockSeconds, (long)by.TotalSeconds);

    public void Dispose() => folder.Dispose();

    private void Set(int offset, long value)
    {
        byte[] number = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        using FileStream stream = Open();
        stream.Position = offset;
        stream.Write(number);
    }

    private FileStream Open() => new(page, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
}
