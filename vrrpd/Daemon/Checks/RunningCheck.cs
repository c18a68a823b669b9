using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Checks;

/// <summary>What is known of a check.</summary>
/// <param name="Health">Its health, after rise and fall.</param>
/// <param name="Detail">What it saw last.</param>
/// <param name="Latency">How long that took.</param>
/// <param name="Runs">How often it looked.</param>
/// <param name="Failures">How often it failed.</param>
internal sealed record CheckStatus(Health Health, string Detail, TimeSpan Latency, long Runs, long Failures);

/// <summary>A check on a task of its own, from start to start, until it is stopped.</summary>
internal sealed class RunningCheck
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly Func<Health, string, bool> _tell;
    private volatile CheckStatus _status = new(Health.Unknown, "not run yet", TimeSpan.Zero, 0, 0);
    private Task _task = Task.CompletedTask;

    /// <summary>Prepares it.</summary>
    /// <param name="config">The check.</param>
    /// <param name="time">Time.</param>
    /// <param name="tell">Told every change of health; false: it could not take it now.</param>
    public RunningCheck(CheckConfig config, TimeProvider time, Func<Health, string, bool> tell) =>
        (Config, _time, _tell) = (config, time, tell);

    /// <summary>The check.</summary>
    public CheckConfig Config { get; }

    /// <summary>What is known.</summary>
    public CheckStatus Status => _status;

    /// <summary>Begins to look.</summary>
    public void Start() => _task = Task.Run(() => RepeatAsync(HealthCheck.Of(Config)));

    /// <summary>Ends it; what it started is killed.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _task;
    }

    // A check that cannot look has not found anything well, whatever kept it from looking.
    private async Task<CheckResult> LookAsync(HealthCheck check)
    {
        try
        {
            return await check.LookAsync(_stop.Token);
        }
        catch (Exception exception) when (!_stop.IsCancellationRequested)
        {
            return CheckResult.Failed($"{exception.GetType().Name}: {exception.Message}");
        }
    }

    private async Task RepeatAsync(HealthCheck check)
    {
        using HealthCheck owned = check;
        CheckTally tally = new(Config.Rise, Config.Fall);
        Health told = Health.Unknown;
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                long start = _time.GetTimestamp();
                CheckResult result = await LookAsync(check);
                TimeSpan latency = _time.GetElapsedTime(start);
                tally.Add(result.IsSuccess);
                CheckStatus before = _status;
                _status = new(tally.Health, result.Detail, latency, before.Runs + 1,
                    before.Failures + (result.IsSuccess ? 0 : 1));
                if (tally.Health != told && _tell(tally.Health, result.Detail))
                    told = tally.Health;
                TimeSpan left = Config.Interval - _time.GetElapsedTime(start);
                if (left > TimeSpan.Zero)
                    await Task.Delay(left, _time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped while it waited or looked: there is nothing to tell any more.
            _status = _status with { Detail = "stopped" };
        }
    }
}
