using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Checks;

/// <summary>Runs a program; exit status 0 is well. It has none of the daemon's capabilities.</summary>
internal sealed class ExecCheck(ExecCheckConfig config) : HealthCheck
{
    private readonly ChildCommand _command = new(
        config.Command.Arguments, config.Command.User, config.Command.Group, dropsCapabilities: true);

    /// <inheritdoc/>
    public override async Task<CheckResult> LookAsync(CancellationToken cancelled)
    {
        CommandResult result = await _command.RunAsync(config.Timeout, cancelled);
        cancelled.ThrowIfCancellationRequested();
        return new(result.IsSuccess, result.Detail);
    }
}
