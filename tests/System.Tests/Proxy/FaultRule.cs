namespace Gateway.SystemTests.Proxy;

/// <summary>What a <see cref="FaultyServer"/> does with requests that match.</summary>
internal sealed class FaultRule(Func<RecordedRequest, bool> matches, Fault fault, int times)
{
    private int hits;

    public Fault Fault { get; } = fault;

    /// <summary>How many requests it was applied to.</summary>
    public int Hits => Math.Min(Volatile.Read(ref hits), times);

    public bool Take(RecordedRequest request) => matches(request) && Interlocked.Increment(ref hits) <= times;
}

/// <summary>One way to misbehave.</summary>
internal sealed record Fault
{
    /// <summary>Answer this instead of asking the server.</summary>
    public int? Status { get; init; }

    public string Body { get; init; } = "";

    /// <summary>Pass on after this time.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Read the request and never answer.</summary>
    public bool Hangs { get; init; }

    /// <summary>Answer at this speed; 0 is full speed.</summary>
    public int BytesPerSecond { get; init; }

    /// <summary>End the connection after this many bytes of the answer.</summary>
    public int? CutAfter { get; init; }

    /// <summary>A cut connection ends by RST, as when a process dies; otherwise by FIN.</summary>
    public bool Resets { get; init; } = true;

    /// <summary>Runs before anything else, for example to end the real server.</summary>
    public Action? First { get; init; }

    public static Fault Answer(int status, string body = "") => new() { Status = status, Body = body };

    public static Fault Error(int status, string error) => Answer(status, $"{{\"error\":\"{error}\"}}\n");

    public static Fault Wait(TimeSpan delay) => new() { Delay = delay };

    public static Fault Hang { get; } = new() { Hangs = true };

    public static Fault Trickle(int bytesPerSecond) => new() { BytesPerSecond = bytesPerSecond };

    public static Fault Cut(int afterBytes, bool resets = true) => new() { CutAfter = afterBytes, Resets = resets };

    /// <summary>The connection ends before a byte of the answer; the server never saw the request.</summary>
    public static Fault Reset { get; } = new() { CutAfter = 0 };
}
