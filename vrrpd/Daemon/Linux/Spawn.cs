using System.Collections;
using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>
/// Starts programs with posix_spawn: in a session of their own, with ordinary signals and scheduling, without any
/// descriptor but those named. Process.Start can do neither.
/// </summary>
internal static unsafe class Spawn
{
    private const short SetSignalsDefault = 4;
    private const short SetSignalMask = 8;
    private const short SetScheduler = 0x20;
    private const short SetSession = 0x80;
    private const int ReadWrite = 2;
    private const int SignalSetLength = 128;
    // More than the C libraries need for their opaque structures.
    private const int OpaqueLength = 1024;

    /// <summary>Starts a program.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arguments">Its arguments, the name first.</param>
    /// <param name="inherited">Descriptors, and what they become; beside them 0 to 2 are /dev/null.</param>
    /// <param name="keepsErrors">Whether 2 is the daemon's own.</param>
    /// <param name="process">The process, and the group of all it starts.</param>
    /// <returns>0 or the error number.</returns>
    public static int Start(string path, IReadOnlyList<string> arguments,
        ReadOnlySpan<(int From, int To)> inherited, bool keepsErrors, out int process)
    {
        byte* actions = stackalloc byte[OpaqueLength];
        byte* attributes = stackalloc byte[OpaqueLength];
        byte** texts = Texts(arguments), environment = Texts(Environment());
        int started = 0;
        _ = Libc.InitActions(actions);
        _ = Libc.InitAttributes(attributes);
        try
        {
            _ = Libc.AddOpen(actions, 0, "/dev/null", ReadWrite, 0);
            _ = Libc.AddOpen(actions, 1, "/dev/null", ReadWrite, 0);
            if (!keepsErrors)
                _ = Libc.AddOpen(actions, 2, "/dev/null", ReadWrite, 0);
            foreach ((int from, int to) in inherited)
                _ = Libc.AddDuplicate(actions, from, to);
            Normalize(attributes);
            return Libc.Spawn(&started, path, actions, attributes, texts, environment);
        }
        finally
        {
            process = started;
            _ = Libc.DestroyActions(actions);
            _ = Libc.DestroyAttributes(attributes);
            Free(texts);
            Free(environment);
        }
    }

    // The runtime ignores SIGPIPE and may block signals; the loop's thread is in the realtime class. Children are not.
    private static void Normalize(byte* attributes)
    {
        byte* signals = stackalloc byte[SignalSetLength];
        new Span<byte>(signals, SignalSetLength).Clear();
        _ = Libc.SetSignalMask(attributes, signals);
        new Span<byte>(signals, SignalSetLength).Fill(0xff);
        _ = Libc.SetDefaultSignals(attributes, signals);
        int priority = 0;
        _ = Libc.SetSchedulerPolicy(attributes, 0);
        _ = Libc.SetSchedulerParameter(attributes, &priority);
        _ = Libc.SetFlags(attributes, SetSignalsDefault | SetSignalMask | SetScheduler | SetSession);
    }

    private static List<string> Environment()
    {
        List<string> all = [];
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            // systemd's socket is for this process alone.
            if (variable.Key is string name && name is not ("NOTIFY_SOCKET" or "WATCHDOG_PID" or "WATCHDOG_USEC"))
                all.Add($"{name}={variable.Value}");
        }

        return all;
    }

    private static byte** Texts(IReadOnlyList<string> texts)
    {
        byte** all = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < texts.Count; i++)
            all[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
        return all;
    }

    private static void Free(byte** texts)
    {
        for (byte** text = texts; *text != null; text++)
            Marshal.FreeCoTaskMem((nint)(*text));
        NativeMemory.Free(texts);
    }
}
