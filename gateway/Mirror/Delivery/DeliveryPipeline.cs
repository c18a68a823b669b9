using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace InfluxMirror.Delivery;

/// <summary>
/// The resilience of one destination, around attempts and never around client requests: exponential backoff with
/// jitter and <c>Retry-After</c>, a circuit breaker that all lanes share, and a time limit for each attempt.
/// </summary>
internal sealed class DeliveryPipeline
{
    /// <summary>Raw requests under way at once.</summary>
    public const int RawRequests = 8;

    /// <summary>Finds the sender in Polly's context.</summary>
    private static readonly ResiliencePropertyKey<Sender> SenderKey = new("sender");

    private readonly CircuitBreakerManualControl _breaker = new();
    private readonly ResiliencePipeline<SendResult> _untilDecided;
    private readonly ResiliencePipeline<SendResult> _write;
    private readonly ResiliencePipeline<SendResult> _statement;

    public DeliveryPipeline(DeliveryOptions options, TimeProvider time)
    {
        Options = options;
        Slots = new SemaphoreSlim(options.MaxConcurrentSends);
        _untilDecided = new ResiliencePipelineBuilder<SendResult> { TimeProvider = new SteadyTime(time) }
            .AddRetry(new RetryStrategyOptions<SendResult>
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.InitialDelayInterval,
                MaxDelay = options.MaxDelayInterval,
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is BrokenCircuitException ||
                    arguments.Outcome.Result is { Verdict.Kind: VerdictKind.Retry, IsSuspect: false }),
                DelayGenerator = arguments => ValueTask.FromResult(AskedDelay(arguments.Outcome.Result, options)),
                OnRetry = static arguments =>
                {
                    if (arguments.Context.Properties.TryGetValue(SenderKey, out var sender))
                        sender.FallAsleep();
                    return default;
                },
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<SendResult>
            {
                FailureRatio = 0.9,
                MinimumThroughput = 2,
                SamplingDuration = TimeSpan.FromSeconds(5),
                BreakDuration = Longest(options.InitialDelayInterval, TimeSpan.FromMilliseconds(500)),
                ManualControl = _breaker,
                // An answer, even a bad one, is no reason to leave the other databases of the destination alone.
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Result is { Answer: null }),
            })
            .Build();
        _write = WithTimeout(options.Timeout, time);
        _statement = WithTimeout(options.StatementTimeout, time);
    }

    /// <summary>Bounds the requests under way to the destination.</summary>
    public SemaphoreSlim Slots { get; }

    /// <summary>Bounds the raw requests among them.</summary>
    public SemaphoreSlim RawSlots { get; } = new(RawRequests);

    /// <summary>What it was made of.</summary>
    public DeliveryOptions Options { get; }

    /// <summary>
    /// Tries until the destination has decided about the batch, or has failed in a way that makes the batch itself
    /// suspect.
    /// </summary>
    public async ValueTask<SendResult> UntilDecidedAsync(
        Sender sender, Batch batch, CancellationToken cancellation)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, cancellation);
        context.Properties.Set(SenderKey, sender);
        try
        {
            return await _untilDecided.ExecuteAsync(
                static (_, state) =>
                {
                    state.sender.StayAwake();
                    return state.sender.AttemptAsync(state.batch);
                },
                context,
                (sender, batch)).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>One attempt within the time limit of its kind; the limit's end is a result.</summary>
    public async ValueTask<SendResult> OnceAsync(
        Batch batch, Func<Batch, CancellationToken, Task<SendResult>> send, CancellationToken cancellation)
    {
        var pipeline = batch.First.Kind == RecordKind.Statement ? _statement : _write;
        try
        {
            return await pipeline.ExecuteAsync(
                static (state, token) => new ValueTask<SendResult>(state.send(state.batch, token)),
                (batch, send),
                cancellation).ConfigureAwait(false);
        }
        catch (TimeoutRejectedException late)
        {
            return new SendResult { NoAnswer = NoAnswer.TimedOut, Failure = $"no answer within {late.Timeout}" };
        }
    }

    /// <summary>The destination is known to be back: the next attempt goes through.</summary>
    public Task CloseBreakerAsync() => _breaker.CloseAsync();

    private static ResiliencePipeline<SendResult> WithTimeout(TimeSpan timeout, TimeProvider time) =>
        new ResiliencePipelineBuilder<SendResult> { TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = timeout })
            .Build();

    private static TimeSpan? AskedDelay(SendResult? result, DeliveryOptions options) =>
        result?.RetryAfter is { } asked
            ? Shortest(Longest(asked, options.InitialDelayInterval), options.MaxDelayInterval)
            : null;

    private static TimeSpan Shortest(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Longest(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
