using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Writes;

namespace Gateway.SimulationTests.Cluster;

/// <summary>What is promised, asked of a world: after each step, and when everything has its fate.</summary>
internal static class Invariants
{
    /// <summary>The account of every courier, and where reads would go. Empty when all is well.</summary>
    public static async Task<IReadOnlyList<string>> AfterStepAsync(World world)
    {
        // The numbers are not read at one moment: what is wrong stays wrong when nothing moves.
        for (int tries = 3; ; tries--)
        {
            List<string> wrong = [.. world.Ledger.Complaints, .. Accounts(world)];
            foreach (string database in Plan.Databases)
                wrong.AddRange(await ReadsAsync(world, database));
            if (wrong.Count == 0 || tries == 0)
                return wrong;
            await Task.Delay(5);
            await world.SettleAsync();
        }
    }

    /// <summary>What every destination has in the end.</summary>
    public static async Task<IReadOnlyList<string>> InTheEndAsync(World world)
    {
        await NoteLettersAsync(world);
        List<string> wrong = [.. Answers(world)];
        foreach (Courier courier in world.Life.Cluster.Couriers)
        {
            // It is said that something is missing there.
            if (courier.NeedsResync && WasAwayOrDamaged(world, courier))
                continue;
            bool wasUnsaved = world.WereUnsaved.Contains(courier.Destination);
            if (courier.NeedsResync && !world.Plan.GivesWay && !wasUnsaved)
                wrong.Add($"I4: {courier.Destination} needs a resync, and was never away");
            ClientRequest[] missing = [.. Missing(world, courier.Destination)];
            List<Difference> differences =
                world.Flips > 0 ? [] : [.. Differences(world, world.Destinations[courier.Destination])];
            if (courier.NeedsResync)
            {
                // What it had before a kill, dropped behind an older one that it was sent once more, it lacks too. Whose
                // place is not known gets that without being told of each.
                ClientRequest[] overtaken = wasUnsaved
                    ? []
                    : [.. differences.Where(static one => one.IsRepeated).Select(one => world.Ledger.Find(one.Right))];
                wrong.AddRange(Undeclared(world, courier, [.. missing.Union(overtaken)]));
                differences.RemoveAll(static one => one.IsRepeated);
            }
            else if (missing.Length > world.Flips)
            {
                wrong.AddRange(missing.Select(one => $"I1: {courier.Destination} lacks {one}"));
            }

            wrong.AddRange(differences.Select(one => $"I2: {courier.Destination} has {one.Words}"));
        }

        return wrong;
    }

    /// <summary>I4: accepted = delivered + pending + rejected + dropped, and accepted is what came.</summary>
    private static List<string> Accounts(World world)
    {
        List<string> wrong = [];
        long everything = world.Ledger.Requests.Where(one => one.Position > 0).Sum(static one => (long)one.Points);
        foreach (Courier courier in world.Life.Cluster.Couriers)
        {
            CourierTally tally = courier.Tally;
            string words = $"{courier.Destination} has accepted {tally.Accepted} = delivered {tally.Delivered} + " +
                $"pending {tally.Pending} + rejected {tally.Rejected} + dropped {tally.Dropped}";
            if (tally.Accepted != tally.Delivered + tally.Pending + tally.Rejected + tally.Dropped
                || tally is not { Delivered: >= 0, Pending: >= 0, Rejected: >= 0, Dropped: >= 0, Parked: >= 0 })
                wrong.Add($"I4: {words}");
            if (tally.Dropped > 0 && !(courier.NeedsResync && MayLack(world, courier)))
                wrong.Add($"I4: nothing may be dropped here: {words}");
            if (tally.Accepted > everything)
                wrong.Add($"I4: all that was ever accepted are {everything} points, and {words}");
            if (!world.Life.Accepted.TryGetValue(courier, out long before))
                continue;
            long came = world.Ledger.Requests
                .Where(one => one.Life == world.Life.Number && one.Position > 0).Sum(static one => (long)one.Points);
            if (tally.Accepted != before + came)
                wrong.Add($"I4: {came} points came in addition to {before}, but {words}");
        }

        return wrong;
    }

    /// <summary>Whether a destination may need a resync.</summary>
    private static bool MayLack(World world, Courier courier) =>
        WasAwayOrDamaged(world, courier) || world.Plan.GivesWay || world.WereUnsaved.Contains(courier.Destination);

    private static bool WasAwayOrDamaged(World world, Courier courier) =>
        world.WereRemoved.Contains(courier.Destination) || world.Flips > 0;

    /// <summary>
    /// I1 for who was given up some records, as the journal was full: each is in the ledger of gaps, and another one
    /// has decided about it.
    /// </summary>
    private static IEnumerable<string> Undeclared(World world, Courier courier, ClientRequest[] missing)
    {
        foreach (ClientRequest one in missing)
        {
            if (!one.Treatments.Any(at => at.Key != courier.Destination && at.Value.IsDecided))
                yield return $"I1: nobody has {one}";
        }

        IReadOnlyList<Gap> gaps = world.Life.Cluster.Gaps.List(courier.Destination);
        foreach (IGrouping<string, ClientRequest> lacking in missing.GroupBy(static one => one.Database))
        {
            long points = gaps.Where(gap => gap.Database == lacking.Key).Sum(static gap => gap.Points);
            if (points < lacking.Sum(static one => one.Points))
                yield return $"I1: {courier.Destination} lacks {string.Join(" and ", lacking)}; the gaps say {points} points";
        }

        if (courier.Tally.Dropped < missing.Sum(static one => one.Points))
            yield return $"I4: {courier.Destination} has dropped {courier.Tally.Dropped} points, and lacks more";
    }

    /// <summary>I5: whom a read is sent to has what was acknowledged, if anybody has.</summary>
    private static async Task<IReadOnlyList<string>> ReadsAsync(World world, string database)
    {
        List<string> wrong = [];
        MirroredCluster cluster = world.Life.Cluster;
        ClientRequest[] acknowledged = [.. world.Ledger.Requests.Where(one =>
            one.Life == world.Life.Number && one.IsAcknowledged && one.Concerns(database))];
        long position = cluster.Answered.Of(database);
        foreach (Courier reader in await world.Life.ReadersAsync(database))
        {
            if (!reader.Has(database, position, 0) || reader.NeedsResync || reader.IsParked(database))
                continue;
            foreach (ClientRequest one in acknowledged)
            {
                if (one.At(reader.Destination) is { Executions: 0, IsRefused: false, Failures: < 3 }
                    && !IsLetter(cluster, reader.Destination, one) && !IsOverruled(world, reader, one))
                    wrong.Add($"I5: {reader.Destination} would be read from, and lacks {one}");
            }
        }

        return wrong;
    }

    /// <summary>
    /// What is parked before a DROP or DELETE, or before an operator sends an older one once more, becomes a dead
    /// letter, as soon as the disk takes that.
    /// </summary>
    private static bool IsOverruled(World world, Courier reader, ClientRequest request) =>
        world.Ledger.Requests.Any(other => other.Position > 0 && other.Concerns(request.Database)
            && (other.Statement?.Analysis.Destructive ?? false)
            && (other.Number > request.Number || other.At(reader.Destination).IsRetried));

    private static bool IsLetter(MirroredCluster cluster, string destination, ClientRequest request) =>
        cluster.Letters.List().Any(letter => letter.Destination == destination && letter.Position == request.Position);

    private static async Task NoteLettersAsync(World world)
    {
        foreach (DeadLetter letter in world.Life.Cluster.Letters.List())
        {
            if (await world.Life.Cluster.Letters.ReadAsync(letter) is not { } record)
                continue;
            string target = record.Target.PathAndQuery;
            byte[] body = BodyText.Read(record.Body.Span.ToArray(), record.ContentEncoding);
            int number = letter.Kind == RecordKind.Statement
                ? int.Parse(target.AsSpan(target.LastIndexOf('=') + 1))
                : Line.Parse(Encoding.UTF8.GetString(body).Split('\n')[0]).Request;
            record.Body.Release();
            world.Ledger.Find(number).At(letter.Destination).HasLetter = true;
        }
    }

    /// <summary>I3: who is refused, or has to wait, has earned that himself. What was not taken is nowhere.</summary>
    private static IEnumerable<string> Answers(World world)
    {
        foreach (ClientRequest request in world.Ledger.Requests)
        {
            bool isRefused = request.Treatments.Values.Any(
                static one => IsNoted(one) || one.IsParked);
            if (request.Outcome == WriteOutcome.Refused && !isRefused)
                yield return $"I3: nobody refused {request}";
            if (request.Outcome == WriteOutcome.Penalized && !world.Ledger.Requests.Any(one =>
                one.Client == request.Client && one.Number < request.Number
                && one.Treatments.Values.Any(IsNoted)))
                yield return $"I3: its client was never refused before: {request}";
            if (request.Position == 0 && request.Treatments.Values.Any(static one => one.Executions > 0))
                yield return $"I1: it was not taken, and executed: {request}";
        }
    }

    /// <summary>It was refused, or set aside; its letter may have been sent once more since.</summary>
    private static bool IsNoted(Treatment one) =>
        one.IsRefused || one.HasLetter || one.IsRetried || one.HasVanished || one.Failures > 2;

    /// <summary>I1: what was acknowledged, or kept, was executed or is a dead letter.</summary>
    private static IEnumerable<ClientRequest> Missing(World world, string destination) => world.Ledger.Requests
        .Where(one => one.IsCertain && one.At(destination) is { Executions: 0, HasLetter: false })
        .Where(one => one.IsAcknowledged || !IsToBeRefused(one));

    /// <summary>Its client is told of it, if it is there still; so it need not be a letter.</summary>
    private static bool IsToBeRefused(ClientRequest request) =>
        request.Treatments.Values.Any(static one => one.IsRefused || one.IsParked);

    /// <summary>
    /// I2: a destination holds what the requests leave behind in the order of their acceptance. Where one was lost with
    /// its gateway, unacknowledged, it may have been executed or not.
    /// </summary>
    private static IEnumerable<Difference> Differences(World world, SimulatedDestination destination)
    {
        Dictionary<Place, HashSet<int>> allowed = [];
        Dictionary<Place, HashSet<int>> beside = [];
        List<Statement> removedBeside = [];
        foreach (ClientRequest request in world.Ledger.Requests.Where(static one => one.Position > 0))
        {
            Treatment treatment = request.At(destination.Name);
            if (treatment.Executions == 0)
                continue;
            bool isBeside = treatment.IsRefused || treatment.IsRetried || treatment.HasLetter;
            bool isSure = request.IsCertain && !isBeside;
            if (request.Statement is { } statement)
            {
                foreach (Place place in allowed.Keys.Where(statement.Removes).ToArray())
                    Allow(allowed, place, Nothing, isSure);
                if (isBeside)
                    removedBeside.Add(statement);
                continue;
            }

            foreach (Line line in request.Lines.Where(static line => line.Kind == LineKind.Good))
            {
                var place = new Place(request.Database, request.Policy, line.Measurement, line.Tag, line.Time);
                Allow(allowed, place, request.Number, isSure);
                if (isBeside)
                    Allow(beside, place, request.Number, isSure: false);
            }
        }

        foreach (Place place in allowed.Keys.Union(destination.Influx.Points.Keys))
        {
            int found = destination.Influx.Points.GetValueOrDefault(place, Nothing);
            bool isAllowed = allowed.TryGetValue(place, out HashSet<int>? values) && values.Contains(found);
            bool isBeside = found == Nothing
                ? removedBeside.Exists(statement => statement.Removes(place))
                : beside.GetValueOrDefault(place)?.Contains(found) ?? false;
            if (!isAllowed && !isBeside)
            {
                values ??= [Nothing];
                int right = values.Count == 1 ? values.Single() : Nothing;
                bool isRepeated = found != Nothing && found < right
                    && world.Ledger.Find(found).At(destination.Name).Executions > 1;
                yield return new Difference(
                    $"{Value(found)} in {place}; right would be {string.Join(" or ", values.Select(Value))}", right,
                    isRepeated);
            }
        }
    }

    private const int Nothing = 0;

    private static string Value(int number) => number == Nothing ? "nothing" : $"#{number}";

    private static void Allow(Dictionary<Place, HashSet<int>> at, Place place, int value, bool isSure)
    {
        if (!at.TryGetValue(place, out HashSet<int>? values))
            at[place] = values = [Nothing];
        if (isSure)
            values.Clear();
        values.Add(value);
    }

    /// <summary>Something in a destination that is not what the requests leave behind.</summary>
    /// <param name="Words">What it is.</param>
    /// <param name="Right">The request whose value ought to be there; <see cref="Nothing"/> for none, or several.</param>
    /// <param name="IsRepeated">There is the value of an older one, which was executed more than once.</param>
    private sealed record Difference(string Words, int Right, bool IsRepeated);
}
