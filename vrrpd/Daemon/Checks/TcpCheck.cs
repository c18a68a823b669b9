using System.Net.Sockets;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Checks;

/// <summary>Opens a connection and closes it.</summary>
internal sealed class TcpCheck(TcpCheckConfig config) : HealthCheck
{
    /// <inheritdoc/>
    public override async Task<CheckResult> LookAsync(CancellationToken cancelled)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        limit.CancelAfter(config.Timeout);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(config.Host, config.Port, limit.Token);
            return CheckResult.Well("connected");
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return TimedOut(config.Timeout);
        }
        catch (SocketException exception)
        {
            return CheckResult.Failed(exception.Message);
        }
    }
}
