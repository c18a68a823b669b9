using Xunit.v3;

// Every test runs processes of its own; more than two at a time would measure the machine, not the gateway.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 2)]
