using System.Collections.Immutable;

namespace Vrrp.Daemon.Linux;

/// <summary>How a command ended.</summary>
/// <param name="IsSuccess">Whether it ended by itself with status 0.</param>
/// <param name="Detail">How, for people.</param>
internal readonly record struct CommandResult(bool IsSuccess, string Detail);

/// <summary>Runs a command to its end, without a shell, in a session and process group of its own.</summary>
/// <param name="arguments">The program's path and its arguments.</param>
/// <param name="user">User to run it as; null: the daemon's.</param>
/// <param name="group">Group to run it as; null: the user's.</param>
/// <param name="dropsCapabilities">Whether it loses the daemon's capabilities.</param>
internal sealed unsafe class ChildCommand(
    ImmutableArray<string> arguments, string? user, string? group, bool dropsCapabilities)
{
    private const int SysPidFdOpen = 434;
    private const string Shell = "/bin/sh";

    // Between SIGTERM and SIGKILL to a group that ran out of time, as keepalived.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>Runs it on a thread of its own, which the privileges are taken from.</summary>
    /// <param name="timeout">After which the whole group is killed.</param>
    /// <param name="cancelled">Kills the group, too.</param>
    public Task<CommandResult> RunAsync(TimeSpan timeout, CancellationToken cancelled)
    {
        TaskCompletionSource<CommandResult> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(() => done.SetResult(Run(timeout, cancelled)), maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = "command",
        };
        thread.Start();
        return done.Task;
    }

    private CommandResult Run(TimeSpan timeout, CancellationToken cancelled)
    {
        if (!Account.TryFind(user, group, out Account? account, out string? fault))
            return new(false, fault);
        if (account is not null && ThreadPrivileges.Become(account) is not 0 and var refused)
            return new(false, $"cannot run as {user ?? group}: {LinuxException.Text(refused)}");
        if (dropsCapabilities || account is not null)
            ThreadPrivileges.DropCapabilities();

        int errno = Spawn.Start(arguments[0], arguments, [], keepsErrors: false, out int process);
        // keepalived's scripts often lack their first line; a shell runs them, as execvp does.
        if (errno == Libc.ENOEXEC)
            errno = Spawn.Start(Shell, [Shell, .. arguments], [], keepsErrors: false, out process);
        return errno == 0
            ? WaitFor(process, timeout, cancelled)
            : new(false, $"cannot run {arguments[0]}: {LinuxException.Text(errno)}");
    }

    private static CommandResult WaitFor(int process, TimeSpan timeout, CancellationToken cancelled)
    {
        int descriptor = (int)Libc.SystemCall(SysPidFdOpen, process, 0, 0);
        try
        {
            using CancellationTokenRegistration killing = cancelled.Register(() => KillGroup(process, Libc.SIGKILL));
            if (HasEnded(descriptor, timeout))
                return Describe(Reap(process));
            KillGroup(process, Libc.SIGTERM);
            bool isGone = HasEnded(descriptor, Grace);
            // Also what the program itself started and left.
            KillGroup(process, Libc.SIGKILL);
            Reap(process);
            string text = $"no end after {timeout.TotalSeconds:0.###} s";
            return new(false, isGone ? text : text + ", killed");
        }
        finally
        {
            if (descriptor >= 0)
                _ = Libc.Close(descriptor);
        }
    }

    private static bool HasEnded(int descriptor, TimeSpan timeout)
    {
        long until = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        PollDescriptor polled = new() { Descriptor = descriptor, Wanted = Libc.POLLIN };
        while (true)
        {
            long left = Math.Max(0, until - Environment.TickCount64);
            TimeSpec time = new() { Seconds = left / 1000, Nanoseconds = left % 1000 * 1_000_000 };
            int found = Libc.Poll(&polled, 1, &time, null);
            if (found >= 0 || Libc.Errno != Libc.EINTR)
                return found > 0;
        }
    }

    private static int Reap(int process)
    {
        int status = 0;
        while (Libc.WaitFor(process, &status, 0) < 0 && Libc.Errno == Libc.EINTR)
        {
        }

        return status;
    }

    private static CommandResult Describe(int status)
    {
        int signal = status & 0x7f;
        int code = (status >> 8) & 0xff;
        return signal != 0 ? new(false, $"ended by signal {signal}") : new(code == 0, $"exit status {code}");
    }

    private static void KillGroup(int process, int signal) => _ = Libc.Kill(-process, signal);
}
