using Gateway.Telemetry;
using InfluxMirror;
using Microsoft.Extensions.Options;

namespace Gateway.Configuration;

/// <summary>Hands the mirror its options; they change only when the whole configuration is swapped.</summary>
internal sealed class MirrorOptionsMonitor(MirrorOptions initial, ILogger<MirrorOptionsMonitor> log)
    : IOptionsMonitor<MirrorOptions>, IOptions<MirrorOptions>
{
    private readonly Lock _gate = new();
    private volatile MirrorOptions _current = initial;
    private Action<MirrorOptions, string?>[] _listeners = [];

    public MirrorOptions CurrentValue => _current;

    public MirrorOptions Value => _current;

    public MirrorOptions Get(string? name) => _current;

    public IDisposable OnChange(Action<MirrorOptions, string?> listener)
    {
        lock (_gate)
            _listeners = [.. _listeners, listener];
        return new Subscription(() =>
        {
            lock (_gate)
                _listeners = [.. _listeners.Where(other => other != listener)];
        });
    }

    /// <summary>Replaces the options and tells every listener, also when one of them throws.</summary>
    public void Swap(MirrorOptions options)
    {
        _current = options;
        Action<MirrorOptions, string?>[] listeners;
        lock (_gate)
            listeners = _listeners;
        foreach (Action<MirrorOptions, string?> listener in listeners)
        {
            try
            {
                listener(options, Options.DefaultName);
            }
            catch (Exception fault)
            {
                log.OptionsListenerFailed(fault);
            }
        }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
