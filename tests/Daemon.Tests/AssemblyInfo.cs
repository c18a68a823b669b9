using Xunit.v3;

// Labs mostly wait; how many of them run at once is their own affair (LabRoom).
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 8)]
