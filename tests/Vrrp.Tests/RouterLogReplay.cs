using System.Text.Json;

namespace Vrrp.Tests;

/// <summary>Runs the events of a log, of one router or several, through new routers.</summary>
internal sealed class RouterLogReplay
{
    private readonly Dictionary<string, Replayed> _routers = [];

    /// <summary>Replays a log.</summary>
    /// <returns>The first difference; null if there is none.</returns>
    /// <exception cref="JsonException">A line is none of the log, and not where a killed daemon began anew.</exception>
    public static string? Difference(IReadOnlyList<string> json)
    {
        RouterLogReplay replay = new();
        for (int i = 0; i < json.Count; i++)
        {
            if (IsTorn(json, i))
                continue;
            if (replay.Take(RouterLogLine.Parse(json[i])) is { } difference)
                return $"line {i + 1}: {difference}";
        }

        return replay._routers.Values.FirstOrDefault(router => router.Actions.Count > router.Taken) is { } left
            ? $"more actions: {Text(left.Actions[left.Taken])}"
            : null;
    }

    // What a killed daemon did not write to its end stands before the beginning of the next one.
    private static bool IsTorn(IReadOnlyList<string> json, int index)
    {
        if (json[index].EndsWith('}') || index + 1 == json.Count)
            return false;
        return RouterLogLine.Parse(json[index + 1]).Config is not null;
    }

    private string? Take(RouterLogLine line)
    {
        if (line.Config is { } config)
        {
            List<RouterAction> actions = [];
            _routers[line.Router] = new(new(config, actions), actions);
            return null;
        }

        Replayed replayed = _routers.GetValueOrDefault(line.Router)
            ?? throw new InvalidOperationException($"no configuration of {line.Router} first");
        if (line.Event is { } happened)
        {
            replayed.Router.Handle(happened, line.At);
            return null;
        }

        if (line.Action is not { } expected)
            return "neither an event nor an action";
        // Members of a group handle each other's events before anything is done.
        RouterAction? done = replayed.Taken < replayed.Actions.Count ? replayed.Actions[replayed.Taken++] : null;
        return done == expected ? null : $"{Text(expected)} expected, {Text(done)} done";
    }

    private static string Text(RouterAction? action) => action?.ToString() ?? "nothing";

    private sealed class Replayed(VirtualRouter router, List<RouterAction> actions)
    {
        public VirtualRouter Router => router;

        public List<RouterAction> Actions => actions;

        public int Taken { get; set; }
    }
}
