using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Reads;

/// <summary>How good a destination is for reads.</summary>
public enum FitnessLevel
{
    /// <summary>It does not answer.</summary>
    Down,

    /// <summary>It answers, but lacks something that others have.</summary>
    Stale,

    /// <summary>It has everything again, and has to keep that up for the hold-down.</summary>
    HeldDown,

    /// <summary>It may serve reads.</summary>
    Fit,
}

/// <summary>
/// Whether one destination may serve reads: it answers probes and sends, needs no resync, is not behind, and has
/// been so for the hold-down. Falling out of it takes effect at once.
/// </summary>
internal sealed class Fitness(Courier courier, TimeProvider time, ILogger log)
{
    private readonly Lock _gate = new();
    private long _lastUnfit;
    private long _readFailedAt;
    private FitnessLevel _level = FitnessLevel.Fit;

    /// <summary>Why it is not fit, in words; null when it is.</summary>
    public string? Reason { get; private set; }

    /// <summary>A read could not reach it: it is down until a probe says otherwise, or the hold-down is over.</summary>
    public void NoteReadFailure()
    {
        lock (_gate)
            _readFailedAt = time.GetTimestamp();
    }

    /// <summary>A probe reached it.</summary>
    public void NoteProbeSuccess()
    {
        lock (_gate)
            _readFailedAt = 0;
    }

    /// <summary>Judges it now.</summary>
    /// <param name="health">What the probes say.</param>
    /// <param name="lag">How far it is behind.</param>
    /// <param name="leastLag">How far the most advanced destination is behind.</param>
    /// <param name="options">The limits.</param>
    public FitnessLevel Judge(DestinationHealth health, TimeSpan lag, TimeSpan leastLag, ReadOptions options)
    {
        lock (_gate)
        {
            var (level, reason) = Look(health, lag, leastLag, options);
            var now = time.GetTimestamp();
            if (level != FitnessLevel.Fit)
                _lastUnfit = now;
            else if (_lastUnfit != 0 && time.GetElapsedTime(_lastUnfit, now) < options.HoldDown)
                (level, reason) = (FitnessLevel.HeldDown, "it was unfit a moment ago");
            Reason = reason;
            Tell(level, reason);
            return _level = level;
        }
    }

    private (FitnessLevel Level, string? Reason) Look(
        DestinationHealth health, TimeSpan lag, TimeSpan leastLag, ReadOptions options)
    {
        if (health == DestinationHealth.Unhealthy)
            return (FitnessLevel.Down, "it does not answer probes");
        if (_readFailedAt != 0 && time.GetElapsedTime(_readFailedAt) < options.HoldDown)
            return (FitnessLevel.Down, "a read could not reach it");
        if (courier.NeedsResync)
            return (FitnessLevel.Stale, $"{courier.Lack}: it needs a resync");
        if (courier.IsFailing)
            return (FitnessLevel.Stale, $"it does not answer writes: {courier.Failure}");
        if (lag - leastLag > options.MaxLag)
            return (FitnessLevel.Stale, $"it is {lag.TotalSeconds:0.0} s behind");
        return (FitnessLevel.Fit, null);
    }

    private void Tell(FitnessLevel level, string? reason)
    {
        var wasFit = _level == FitnessLevel.Fit;
        if (level == FitnessLevel.Fit && !wasFit)
            MirrorLog.FitForReads(log, courier.Cluster, courier.Destination);
        else if (level != FitnessLevel.Fit && wasFit)
            MirrorLog.UnfitForReads(log, courier.Cluster, courier.Destination, reason!);
    }
}
