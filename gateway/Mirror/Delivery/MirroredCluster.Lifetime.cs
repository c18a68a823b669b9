using InfluxMirror.Telemetry;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Delivery;

// Following YARP's cluster, and coming to an end.
public sealed partial class MirroredCluster
{
    /// <summary>What delivery and the disk may take at the end.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    // Whom the couriers follow; and those that come to an end, with their end. Belong to the lock.
    private readonly Lock _following = new();
    private readonly Dictionary<Courier, Task> _ending = [];
    private ClusterState? _followed;

    // The gateway ends.
    private volatile bool _isStopping;

    /// <summary>
    /// Takes over the destinations of YARP's cluster: starts couriers for new ones, ends those of removed ones. With a
    /// journal on disk one that comes back begins when its courier of before has ended, and goes on where that one was.
    /// </summary>
    internal void Follow(ClusterState state)
    {
        lock (_following)
        {
            _followed = state;
            Follow_NeedsLock(state);
        }
    }

    private void Follow_NeedsLock(ClusterState state)
    {
        Journal.LimitBytes = _options().Journal.BufferBytes;
        var before = _couriers;
        var kept = before.Where(courier => state.Destinations.ContainsKey(courier.Destination)).ToList();
        var begin = state.Destinations.Values
            .Where(one => !kept.Exists(courier => Is(courier, one.DestinationId))
                && !IsEnding_NeedsLock(one.DestinationId))
            .ToArray();
        _members.Look([.. begin.Select(static one => one.DestinationId)]);
        kept.AddRange(begin.Select(one => Begin(state, one)));
        kept.Sort(static (left, right) => string.CompareOrdinal(left.Destination, right.Destination));
        _members.Change(kept.Select(static courier => courier.Destination));
        // At once: whoever has no cursor at a later start has lost it. Not on the caller's time, for a disk may hang.
        foreach (var courier in kept.Where(courier => Journal.Store is { } store
            && store.Saved(courier.Destination) is null))
            _ = Task.Run(courier.Save);
        _couriers = [.. kept];
        // What was appended between a new courier's cursor and this moment told only the couriers of before.
        foreach (var courier in kept)
            courier.Pump();
        foreach (var courier in before.Except(kept))
            End_NeedsLock(courier);
        // Who ends because all of it ends is none of those: what waits for it stays.
        Journal.Store?.Leave(cursor => !IsEnding_NeedsLock(cursor));
        _keeper.Start();
        _space?.Start();
    }

    /// <summary>Ends delivery; waits for what is under way to destinations that answer, as long as allowed.</summary>
    internal async Task CloseAsync(CancellationToken patience)
    {
        try
        {
            if (!patience.IsCancellationRequested)
                await Task.WhenAll(_couriers.Select(courier => courier.DrainAsync(patience))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            // The time for a graceful end is over; what is left is counted as it closes.
        }

        Task[] ends;
        lock (_following)
        {
            // At once: whoever follows the cluster anew while its couriers still end begins with all of it.
            _followed = null;
            _keeper.Stop();
            _space?.Stop();
            var couriers = _couriers;
            _couriers = [];
            foreach (var courier in couriers)
                End_NeedsLock(courier);
            ends = [.. _ending.Values];
        }

        await Task.WhenAll(ends).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends delivery and lets go of the journal's folder, or goes without when the disk does not come back: what is not
    /// on it was not said to be safe.
    /// </summary>
    /// <param name="patience">As long as destinations that answer are waited for.</param>
    internal async Task StopAsync(CancellationToken patience)
    {
        _isStopping = true;
        // A disk that hangs keeps whoever asks it.
        var end = Task.Run(
            async () =>
            {
                await CloseAsync(patience).ConfigureAwait(false);
                await CloseJournalAsync().ConfigureAwait(false);
            },
            CancellationToken.None);
        using var over = new CancellationTokenSource();
        if (await Task.WhenAny(end, Task.Delay(EndPatience, _time, over.Token)).ConfigureAwait(false) == end)
        {
            await over.CancelAsync().ConfigureAwait(false);
            await end.ConfigureAwait(false);
            return;
        }

        var log = Journal.Store?.Log;
        MirrorLog.EndedWithoutDisk(_log, Id, log is null ? 0 : log.Tail - log.DurableThrough);
    }

    /// <summary>Lets go of the journal's folder; nothing can be appended any more.</summary>
    internal async Task CloseJournalAsync()
    {
        await Letters.DisposeAsync().ConfigureAwait(false);
        await _keeper.CloseAsync().ConfigureAwait(false);
    }

    private Courier Begin(ClusterState state, DestinationState destination)
    {
        var shown = CachedAddress.Shown(destination.Model.Config.Address);
        MirrorLog.DestinationAdded(_log, Id, destination.DestinationId, shown);
        var address = new CachedAddress();
        var context = new CourierContext(
            () => _options().Delivery,
            () => (state.Model.HttpClient, address.Of(destination.Model.Config.Address)),
            Letters,
            Gaps,
            Refused,
            _metrics,
            Id,
            _members,
            _time,
            _log);
        var courier = new Courier(Id, destination.DestinationId, Journal, context);
        if (courier.NeedsResync)
        {
            MirrorLog.NeedsResync(_log, Id, courier.Destination, courier.Lack);
            // Before a cursor of another one names it: it would pass for one that was always there.
            courier.Save();
        }

        return courier;
    }

    /// <summary>
    /// Whether a courier of this destination has its last state still to save: what is saved now is older. In memory
    /// nothing is saved, and who comes back begins anew.
    /// </summary>
    private bool IsEnding_NeedsLock(string destination) =>
        Journal.Store is not null && _ending.Keys.Any(courier => Is(courier, destination));

    private void End_NeedsLock(Courier courier) => _ending.Add(courier, EndAndFollowAsync(courier));

    /// <summary>Ends a courier; its destination may have come back meanwhile, or all of it may end.</summary>
    private async Task EndAndFollowAsync(Courier courier)
    {
        // The rest never runs before the caller has let go of the lock.
        await EndAsync(courier).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (_following)
        {
            _ending.Remove(courier);
            if (_followed is null)
                return;
            try
            {
                Follow_NeedsLock(_followed);
            }
            catch (Exception fault)
            {
                // Nobody waits for it; the next reload tries again.
                courier.LogFault(fault);
            }
        }
    }

    private async Task EndAsync(Courier courier)
    {
        // Who was removed before all of it ends was removed.
        var isStopping = _isStopping;
        courier.CloseCursor(Journal);
        var waiting = courier.Tally.Pending;
        try
        {
            await courier.CloseAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            courier.LogFault(fault);
        }

        if (waiting == 0)
            return;
        if (!isStopping)
            MirrorLog.DestinationRemoved(_log, Id, courier.Destination, waiting);
        else if (Journal.Store is null)
            MirrorLog.LeftInMemory(_log, Id, courier.Destination, waiting);
        else
            MirrorLog.LeftOnDisk(_log, Id, courier.Destination, waiting);
    }
}
