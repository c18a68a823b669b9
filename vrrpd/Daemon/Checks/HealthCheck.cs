using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Checks;

/// <summary>What a check found.</summary>
/// <param name="IsSuccess">Whether all was well.</param>
/// <param name="Detail">What it saw, for people.</param>
internal readonly record struct CheckResult(bool IsSuccess, string Detail)
{
    /// <summary>All is well.</summary>
    public static CheckResult Well(string detail) => new(true, detail);

    /// <summary>Something is not.</summary>
    public static CheckResult Failed(string detail) => new(false, detail);
}

/// <summary>Looks once whether something is well.</summary>
internal abstract class HealthCheck : IDisposable
{
    /// <summary>The check of a configuration.</summary>
    public static HealthCheck Of(CheckConfig config) => config switch
    {
        HttpCheckConfig http => new HttpCheck(http),
        TcpCheckConfig tcp => new TcpCheck(tcp),
        ExecCheckConfig exec => new ExecCheck(exec),
        _ => throw new ArgumentOutOfRangeException(nameof(config), config.Kind, "no such check"),
    };

    /// <summary>Looks. Does not throw but for the cancellation, and ends soon after the timeout.</summary>
    /// <param name="cancelled">The check is not wanted any more.</param>
    public abstract Task<CheckResult> LookAsync(CancellationToken cancelled);

    public virtual void Dispose()
    {
    }

    /// <summary>What a timeout is called.</summary>
    protected static CheckResult TimedOut(TimeSpan timeout) =>
        CheckResult.Failed($"no answer after {timeout.TotalMilliseconds:0} ms");
}
