namespace InfluxMirror.Delivery;

/// <summary>
/// Sends what one lane has, one request at a time; or one statement. A work item of the thread pool: it runs while
/// there is something to send.
/// </summary>
internal sealed partial class Sender(Courier courier, Lane? lane) : IThreadPoolWorkItem
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LinkedList<Batch> _work = new();
    private readonly Barrier? _barrier;
    private CancellationTokenSource _wake = new();
    private bool _sleeping;
    private DeliveryPipeline? _pipeline;

    /// <summary>A sender for one statement.</summary>
    public Sender(Courier courier, MirroredRecord statement)
        : this(courier, (Lane?)null)
    {
        _barrier = new Barrier(statement, this);
        _work.AddFirst(new Batch([statement]));
    }

    /// <summary>The lane it works for; null for a statement.</summary>
    public Lane? Lane { get; } = lane;

    /// <summary>The statement it sends.</summary>
    public Barrier Barrier => _barrier ?? throw new InvalidOperationException("This sender works for a lane.");

    /// <summary>It is at work. Belongs to the courier's lock.</summary>
    public bool IsRunning { get; set; }

    /// <summary>The oldest record it is sending. Belongs to the courier's lock.</summary>
    public MirroredRecord? Current { get; set; }

    /// <summary>That record is a parked one on trial. Belongs to the courier's lock.</summary>
    public bool IsOnTrial { get; set; }

    /// <summary>
    /// The first record of what it has taken on beside the batch it is sending; null when there is none.
    /// </summary>
    public MirroredRecord? Next => _work.First?.Value.First;

    /// <summary>What it has taken on and not settled, for the account when the courier closes.</summary>
    public IEnumerable<MirroredRecord> Unsettled => _work.SelectMany(static batch => batch.Records);

    /// <inheritdoc/>
    public void Execute() => _ = RunAsync();

    /// <summary>
    /// Notes that it waits before it tries again, so that it can be woken; it does not wait by options of before.
    /// </summary>
    public void FallAsleep()
    {
        lock (_gate)
            _sleeping = true;
        if (_pipeline != courier.Pipeline)
            Wake();
    }

    /// <summary>Notes that an attempt begins: there is nothing to wake.</summary>
    public void StayAwake()
    {
        lock (_gate)
            _sleeping = false;
    }

    /// <summary>Ends its wait, if it waits: something says that trying again is worth while.</summary>
    public void Wake()
    {
        CancellationTokenSource wake;
        lock (_gate)
        {
            if (!_sleeping)
                return;
            _sleeping = false;
            wake = _wake;
        }

        // Only waits listen to it, never attempts, so it cannot come at a wrong moment.
        _ = wake.CancelAsync();
    }

    /// <summary>
    /// One attempt to send <paramref name="batch"/>; none, and no answer, when part of it was withdrawn.
    /// </summary>
    public ValueTask<SendResult> AttemptAsync(Batch batch) =>
        courier.IsStale(batch)
            ? ValueTask.FromResult(new SendResult { IsSuspect = true })
            : courier.AttemptAsync(this, batch);

    private async Task RunAsync()
    {
        try
        {
            while (!await RunUntilFaultAsync().ConfigureAwait(false))
                await Task.Delay(AfterFault, courier.Time, courier.Stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (courier.IsStopping)
        {
            // What has no fate yet stays in _work; the courier accounts for it when it closes.
        }
        finally
        {
            courier.Ended();
        }
    }

    /// <summary>Works until nothing is left. False after a fault of ours: it is logged, and nothing is lost.</summary>
    private async Task<bool> RunUntilFaultAsync()
    {
        try
        {
            if (_barrier is not null)
                await courier.PrepareAsync(_barrier).ConfigureAwait(false);
            while (true)
            {
                var batch = _work.First?.Value;
                if (batch is null)
                {
                    if (_barrier is not null)
                        await courier.PassAsync(_barrier).ConfigureAwait(false);
                    batch = Lane is null ? null : courier.TakeNext(this);
                    if (batch is null)
                        return true;
                    _work.AddFirst(batch);
                }

                await ShipAsync(batch).ConfigureAwait(false);
                // Requests that have arrived meanwhile come first and join the next batch: none on an idle machine,
                // more the busier it is.
                await Task.Yield();
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !courier.IsStopping)
        {
            courier.LogFault(fault);
            return false;
        }
    }

    /// <summary>
    /// Sends the batch on top of the work and takes it off if it has got its fate; a refused batch of several is
    /// replaced by its parts.
    /// </summary>
    private async ValueTask ShipAsync(Batch batch)
    {
        if (courier.IsStale(batch))
        {
            _work.RemoveFirst();
            if (courier.DiscardStale(this, batch) is { } left)
                _work.AddFirst(left);
            return;
        }

        var result = await SendAsync(batch).ConfigureAwait(false);
        if (result.Verdict.Kind != VerdictKind.Retry)
        {
            _work.RemoveFirst();
            Settle(batch, result);
        }
        else if (!result.IsSuspect || courier.IsStale(batch))
        {
            // Still on top of the work: it is tried again, without what was withdrawn.
            return;
        }
        else if (batch.Count > 1)
        {
            _work.RemoveFirst();
            if (result.Vanished)
                Separate(batch);
            else
                Halve(batch);
        }
        else
        {
            await JudgeAsync(batch, result).ConfigureAwait(false);
        }
    }

    /// <summary>Gives every record of a batch that the destination decided about its fate, or takes it apart.</summary>
    private void Settle(Batch batch, SendResult result)
    {
        switch (result.Verdict.Kind)
        {
            case VerdictKind.Delivered:
                courier.Delivered(this, batch, result.Answer!);
                break;
            case VerdictKind.ParkDatabase or VerdictKind.ParkRetentionPolicy or VerdictKind.ParkAccount
                when batch.First is { Kind: not RecordKind.Statement, Letter: 0 }:
                courier.Park(this, batch, result);
                break;
            case VerdictKind.Rejected or VerdictKind.TooLarge when batch.Count > 1:
                Halve(batch);
                break;
            default:
                // A statement is never parked: run later, it would run in another order than elsewhere.
                courier.Rejected(this, batch, result);
                break;
        }
    }

    /// <summary>
    /// Some record of the batch is the reason: halves find out which. All of it is sent again, in order, so that no
    /// later value is overwritten by an earlier one.
    /// </summary>
    private void Halve(Batch batch)
    {
        var (left, right) = batch.Halves();
        _work.AddFirst(right);
        _work.AddFirst(left);
    }

    /// <summary>One of them may have ended the destination: one at a time, so that it is known which.</summary>
    private void Separate(Batch batch)
    {
        for (var i = batch.Count - 1; i >= 0; i--)
            _work.AddFirst(new Batch([batch.Records[i]]));
    }

    private async ValueTask<SendResult> SendAsync(Batch batch)
    {
        while (true)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(courier.Stopping, SetAlarm());
            try
            {
                _pipeline = courier.Pipeline;
                return await _pipeline.UntilDecidedAsync(this, batch, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!courier.IsStopping)
            {
                // Woken: the wait is over, the next attempt comes at once.
            }
        }
    }

    private async ValueTask SleepAsync(TimeSpan delay)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(courier.Stopping, SetAlarm());
        FallAsleep();
        try
        {
            await Task.Delay(delay, courier.Time, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!courier.IsStopping)
        {
            // Woken.
        }

        StayAwake();
    }

    /// <summary>What ends the next wait.</summary>
    private CancellationToken SetAlarm()
    {
        lock (_gate)
        {
            if (_wake.IsCancellationRequested)
                _wake = new CancellationTokenSource();
            return _wake.Token;
        }
    }
}
