using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InfluxMirror.Writes;

/// <summary>
/// While the program ends: when clients that still wait are to be answered, some time before the host closes their
/// connections.
/// </summary>
internal sealed class LastCall : IDisposable
{
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _ending;

    public LastCall(IHostApplicationLifetime lifetime, IOptions<HostOptions> host, TimeProvider time)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _ending = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(host.Value.ShutdownTimeout * 3 / 4));
    }

    /// <summary>Cancelled then.</summary>
    public CancellationToken Token => _over.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Dispose();
        _over.Dispose();
    }
}
