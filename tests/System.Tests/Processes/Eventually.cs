using System.Diagnostics;

namespace Gateway.SystemTests.Processes;

/// <summary>Bounded waiting: polls a condition and says what it waited for when the bound is reached.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static Task TrueAsync(string what, Func<bool> condition, TimeSpan? bound = null) =>
        TrueAsync(what, () => Task.FromResult(condition()), bound);

    public static Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? bound = null) =>
        ReasonGoneAsync(what, async () => await condition() ? null : "it does not hold", bound);

    /// <summary>Polls until no reason is left; the last reason goes into the failure.</summary>
    public static async Task ReasonGoneAsync(string what, Func<Task<string?>> reason, TimeSpan? bound = null)
    {
        TimeSpan limit = bound ?? Bound;
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            string? last;
            try
            {
                last = await reason();
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or TaskCanceledException)
            {
                last = failure.Message;
            }

            if (last is null)
                return;
            if (watch.Elapsed > limit)
                Assert.Fail($"waited {limit.TotalSeconds:0.#} s in vain for: {what}\n{last}");
            await Task.Delay(Pause);
        }
    }

    /// <summary>Lets time pass where time itself is what is tested.</summary>
    public static Task PauseAsync(TimeSpan time) => Task.Delay(time, TestContext.Current.CancellationToken);

    /// <summary>Fails when the task takes longer than the bound.</summary>
    public static async Task<T> WithinAsync<T>(TimeSpan bound, string what, Task<T> task)
    {
        if (await Task.WhenAny(task, Task.Delay(bound)) != task)
            Assert.Fail($"not within {bound.TotalSeconds:0.#} s: {what}");
        return await task;
    }
}
