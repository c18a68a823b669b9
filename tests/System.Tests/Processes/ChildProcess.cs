using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Gateway.SystemTests.Processes;

/// <summary>A process of this test run: its log is kept, and it never outlives the run.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int LogLinesMax = 5000;
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private static readonly ConcurrentDictionary<int, ChildProcess> Running = new();

    private readonly Process process;
    private readonly ConcurrentQueue<string> log = new();

    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (ChildProcess child in Running.Values)
            child.Signal(SigKill);
    };

    private ChildProcess(string name, Process process)
    {
        Name = name;
        this.process = process;
        Pid = process.Id;
        Running[Pid] = this;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Its process id.</summary>
    public int Pid { get; }

    /// <summary>It ended, by itself or by a signal.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>128 + signal for a process that was killed.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>The last lines it wrote, oldest first.</summary>
    public string Log => string.Join('\n', log);

    public static ChildProcess Start(
        string name, string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment,
        string workingFolder)
    {
        ProcessStartInfo info = new(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingFolder,
        };
        foreach ((string key, string value) in environment)
            info.Environment[key] = value;
        Process process = Process.Start(info) ?? throw new InvalidOperationException($"{file} did not start");
        process.StandardInput.Close();
        return new ChildProcess(name, process);
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public void Kill()
    {
        Signal(SigKill);
        if (!process.WaitForExit(10_000))
            Assert.Fail($"{Name} (pid {Pid}) survived SIGKILL for 10 s");
        Running.TryRemove(Pid, out _);
    }

    /// <summary>SIGSTOP: its sockets stay open and nothing answers.</summary>
    public void Pause() => Signal(SigStop);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(SigCont);

    /// <summary>SIGTERM without waiting.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>SIGTERM; SIGKILL after the bound. Returns the exit code.</summary>
    public async Task<int> StopAsync(TimeSpan bound)
    {
        Signal(SigCont);
        Signal(SigTerm);
        await ExitAsync(bound);
        if (!process.HasExited)
            Kill();
        Running.TryRemove(Pid, out _);
        return process.ExitCode;
    }

    /// <summary>Waits for the end; false after the bound.</summary>
    public async Task<bool> ExitAsync(TimeSpan bound)
    {
        using CancellationTokenSource limit = new(bound);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            Kill();
        Running.TryRemove(Pid, out _);
        await ExitAsync(TimeSpan.FromSeconds(2));
        process.Dispose();
    }

    private void Signal(int signal)
    {
        if (!process.HasExited)
            _ = SendSignal(Pid, signal);
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        log.Enqueue(line);
        if (log.Count > LogLinesMax)
            log.TryDequeue(out _);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
