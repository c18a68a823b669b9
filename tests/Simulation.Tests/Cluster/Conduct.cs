namespace Gateway.SimulationTests.Cluster;

/// <summary>How a destination meets its next requests.</summary>
internal enum Conduct
{
    /// <summary>Executes and answers.</summary>
    Answers,

    /// <summary>Keeps requests until it is released, and executes them then.</summary>
    Stalls,

    /// <summary>Executes requests and keeps the answers until it is released.</summary>
    StallsAfter,

    /// <summary>503, executing nothing.</summary>
    IsBusy,

    /// <summary>400, executing nothing.</summary>
    Refuses,

    /// <summary>The connection breaks before it has executed anything.</summary>
    LosesBefore,

    /// <summary>The connection breaks after it has executed the request.</summary>
    LosesAfter,

    /// <summary>Nobody listens.</summary>
    IsDown,
}
