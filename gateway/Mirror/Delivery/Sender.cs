namespace InfluxMirror.Delivery;

/// <summary>
/// Sends what one lane has, one request at a time; or one statement. A work item of the thread pool: it runs while
/// there is something to send.
/// </summary>
internal sealed class Sender(Courier courier, Lane? lane) : IThreadPoolWorkItem
{
    /// <summary>Records tried behind one that only meets server errors, to tell who is ill.</summary>
    private const int MaxProbes = 8;

    private readonly Lock _gate = new();
    private readonly Stack<Batch> _work = new();
    private CancellationTokenSource _wake = new();
    private readonly Barrier? _barrier;
    private bool _sleeping;

    /// <summary>A sender for one statement.</summary>
    public Sender(Courier courier, MirroredRecord statement)
        : this(courier, (Lane?)null) => _barrier = new Barrier(statement, this);

    /// <summary>The lane it works for; null for a statement.</summary>
    public Lane? Lane { get; } = lane;

    /// <summary>The statement it sends.</summary>
    public Barrier Barrier => _barrier ?? throw new InvalidOperationException("This sender works for a lane.");

    /// <summary>It is at work. Belongs to the courier's lock.</summary>
    public bool IsRunning { get; set; }

    /// <summary>The oldest record it is sending. Belongs to the courier's lock.</summary>
    public MirroredRecord? Current { get; set; }

    /// <summary>
    /// The first record of what it has taken on beside the batch it is sending; null when there is none.
    /// </summary>
    public MirroredRecord? Next => _work.TryPeek(out var batch) ? batch.First : null;

    /// <summary>What it has taken on and not settled, for the account when the courier closes.</summary>
    public IEnumerable<MirroredRecord> Unsettled => _work.SelectMany(static batch => batch.Records);

    /// <inheritdoc/>
    public void Execute() => _ = RunAsync();

    /// <summary>Notes that it waits before it tries again, so that it can be woken.</summary>
    public void FallAsleep()
    {
        lock (_gate)
            _sleeping = true;
    }

    /// <summary>Notes that an attempt begins, which is not to be disturbed.</summary>
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

        wake.Cancel();
    }

    /// <summary>One attempt to send <paramref name="batch"/>; none, and no answer, when part of it was withdrawn.</summary>
    public ValueTask<SendResult> AttemptAsync(Batch batch, CancellationToken cancellation) =>
        batch.HasWithdrawn
            ? ValueTask.FromResult(new SendResult { IsSuspect = true })
            : courier.AttemptAsync(this, batch, cancellation);

    private async Task RunAsync()
    {
        try
        {
            if (Lane is null)
                await RunStatementAsync().ConfigureAwait(false);
            else
                await RunLaneAsync().ConfigureAwait(false);
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

    private async Task RunStatementAsync()
    {
        await courier.PrepareAsync(Barrier).ConfigureAwait(false);
        _work.Push(new Batch([Barrier.Record]));
        while (_work.TryPeek(out var batch))
            await ShipAsync(batch).ConfigureAwait(false);
        courier.Heal(Barrier);
    }

    private async Task RunLaneAsync()
    {
        while (true)
        {
            if (!_work.TryPeek(out var batch))
            {
                batch = courier.TakeNext(this);
                if (batch is null)
                    return;
                _work.Push(batch);
            }

            await ShipAsync(batch).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Sends the batch on top of the work and takes it off if it has got its fate; a refused batch of several is
    /// replaced by its parts.
    /// </summary>
    private async ValueTask ShipAsync(Batch batch)
    {
        if (batch.HasWithdrawn)
        {
            _work.Pop();
            if (courier.DiscardWithdrawn(this, batch) is { } left)
                _work.Push(left);
            return;
        }

        var result = await SendAsync(batch).ConfigureAwait(false);
        if (result.Verdict.Kind != VerdictKind.Retry)
        {
            _work.Pop();
            Settle(batch, result);
        }
        else if (batch.HasWithdrawn)
        {
            // Still on top of the work: what was withdrawn is taken out next.
            return;
        }
        else if (batch.Count > 1)
        {
            _work.Pop();
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
            case VerdictKind.ParkDatabase or VerdictKind.ParkRetentionPolicy or VerdictKind.ParkAccount:
                courier.Park(this, batch, result);
                break;
            case VerdictKind.Rejected or VerdictKind.TooLarge when batch.Count > 1:
                Halve(batch);
                break;
            default:
                courier.Rejected(this, batch.First, result);
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
        _work.Push(right);
        _work.Push(left);
    }

    /// <summary>One of them may have ended the destination: one at a time, so that it is known which.</summary>
    private void Separate(Batch batch)
    {
        for (var i = batch.Count - 1; i >= 0; i--)
            _work.Push(new Batch([batch.Records[i]]) { Vanishings = batch.Vanishings });
    }

    /// <summary>
    /// A single record that met only server errors, or after which the destination vanished: is it the record, or is
    /// the destination ill? What comes next tells.
    /// </summary>
    private async ValueTask JudgeAsync(Batch suspect, SendResult result)
    {
        if (suspect.Vanishings >= 2 || await OthersGetThroughAsync(suspect).ConfigureAwait(false))
        {
            _work.Pop();
            courier.SetAside(this, suspect.First, result);
            return;
        }

        suspect.ServerErrors = courier.Pipeline.Options.MaxServerErrors - 1;
        await SleepAsync(courier.Pipeline.Options.MaxDelayInterval).ConfigureAwait(false);
    }

    private async ValueTask<bool> OthersGetThroughAsync(Batch suspect)
    {
        _work.Pop();
        var tried = new List<Batch>();
        var through = false;
        while (!through && tried.Count < MaxProbes)
        {
            var next = _work.TryPop(out var taken) ? taken : courier.TakeProbe(this);
            if (next is null)
                break;
            var result = await AttemptAsync(next, courier.Stopping).ConfigureAwait(false);
            through = result.Verdict.Kind != VerdictKind.Retry;
            if (through)
                Settle(next, result);
            else
                tried.Add(next);
        }

        for (var i = tried.Count - 1; i >= 0; i--)
            _work.Push(tried[i]);
        _work.Push(suspect);
        return through;
    }

    private async ValueTask<SendResult> SendAsync(Batch batch)
    {
        while (true)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(courier.Stopping, _wake.Token);
            try
            {
                return await courier.Pipeline.UntilDecidedAsync(this, batch, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_wake.IsCancellationRequested && !courier.IsStopping)
            {
                SetAlarm();
            }
        }
    }

    private async ValueTask SleepAsync(TimeSpan delay)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(courier.Stopping, _wake.Token);
        FallAsleep();
        try
        {
            await Task.Delay(delay, courier.Time, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_wake.IsCancellationRequested && !courier.IsStopping)
        {
            SetAlarm();
        }

        StayAwake();
    }

    private void SetAlarm()
    {
        lock (_gate)
            _wake = new CancellationTokenSource();
    }
}
