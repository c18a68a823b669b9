using Xunit.v3;

// Labs mostly wait, four at a time (LabRoom), while another waits; beside them one test at a time computes.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 6)]
