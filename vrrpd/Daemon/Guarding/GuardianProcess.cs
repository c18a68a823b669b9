using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon.Guarding;

/// <summary>
/// The daemon's side of its guardian: starts it, starts it again when it dies, and lets it go when all is in order.
/// </summary>
internal sealed unsafe class GuardianProcess : IDisposable
{
    /// <summary>
    /// Where the guardian finds its table. High, so that it is no descriptor that has to be passed on.
    /// </summary>
    public const int TableDescriptor = 1000;

    /// <summary>The reading end of the pipe that the daemon holds the other end of.</summary>
    public const int LifeDescriptor = 1001;

    /// <summary>The word on the command line that makes the program a guardian.</summary>
    public const string Command = "guardian";

    /// <summary>Said before the daemon ends in order.</summary>
    public const byte Farewell = 1;

    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly string _program;
    private readonly IReadOnlyList<string> _locks;
    private readonly DaemonLog _log;
    private readonly Thread _keeper;
    private readonly ManualResetEventSlim _ending = new();
    private readonly int _life;
    private readonly int _reading;
    private volatile int _process;

    /// <summary>Starts a guardian.</summary>
    /// <param name="program">The binary.</param>
    /// <param name="table">What it reads when the daemon is dead.</param>
    /// <param name="locks">Names it holds while it lives (<see cref="InstanceLock"/>).</param>
    /// <param name="log">The log.</param>
    /// <exception cref="LinuxException">No descriptors.</exception>
    public GuardianProcess(string program, GuardianTable table, IReadOnlyList<string> locks, DaemonLog log)
    {
        (_program, Table, _locks, _log) = (program, table, locks, log);
        int* ends = stackalloc int[2];
        LinuxException.ThrowIfFailed(Libc.Pipe(ends, Libc.SOCK_CLOEXEC), "pipe");
        (_reading, _life) = (ends[0], ends[1]);
        Start();
        _keeper = new(Keep) { IsBackground = true, Name = "guardian keeper" };
        _keeper.Start();
    }

    /// <summary>The table it reads.</summary>
    public GuardianTable Table { get; }

    /// <summary>The process; 0 if none could be started.</summary>
    public int ProcessId => _process;

    /// <summary>Lets it go: everything is in order.</summary>
    public void Dispose()
    {
        _ending.Set();
        byte farewell = Farewell;
        _ = Libc.Write(_life, &farewell, 1);
        _keeper.Join();
        _ = Libc.Close(_life);
        _ = Libc.Close(_reading);
        Table.Dispose();
        _ending.Dispose();
    }

    private void Start()
    {
        int errno = Spawn.Start(_program, [_program, Command, .. _locks],
            [(Table.Descriptor, TableDescriptor), (_reading, LifeDescriptor)], keepsErrors: true, out int process);
        _process = errno == 0 ? process : 0;
        if (errno == 0)
            _log.GuardianStarted(process);
        else
            _log.GuardianFailed(LinuxException.Text(errno));
    }

    private void Keep()
    {
        while (true)
        {
            int status;
            if (_process != 0)
            {
                while (Libc.WaitFor(_process, &status, 0) < 0 && Libc.Errno == Libc.EINTR)
                {
                }
            }

            if (_ending.IsSet)
                return;
            if (_process != 0)
                _log.GuardianEnded(_process);
            _ending.Wait(RestartDelay);
            if (_ending.IsSet)
                return;
            Start();
        }
    }
}
