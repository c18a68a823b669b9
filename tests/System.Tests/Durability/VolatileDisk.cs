namespace Gateway.SystemTests.Durability;

/// <summary>A disk under a gateway's journal; at a power cut it forgets what was not synced. See power-cut.c.</summary>
internal sealed class VolatileDisk : IDisposable
{
    /// <summary>A seed by which all is lost that can be.</summary>
    public const int LosesAll = 3;

    private const int CutsIn = 0;
    private const int Seed = 8;
    private const int Lies = 16;
    private const int OperationsSoFar = 24;
    private const int SectorsLost = 32;
    private const int NamesUndone = 40;

    private readonly ScratchFolder scratch = new("disk");
    private readonly PreloadedLibrary library;

    private VolatileDisk(GatewayConfiguration configuration)
    {
        library = new PreloadedLibrary("power-cut.c", "GATEWAY_TEST_CUTS", configuration);
        string disk = scratch.File("disk"), attic = scratch.File("attic");
        Directory.CreateDirectory(disk);
        Directory.CreateDirectory(attic);
        configuration.Environment["GATEWAY_TEST_DISK"] = disk;
        configuration.Environment["GATEWAY_TEST_ATTIC"] = attic;
        configuration.With($$"""{ "Mirror": { "Journal": { "Directory": "{{Path.Combine(disk, "data")}}" } } }""");
    }

    /// <summary>Writes, syncs and changes of names so far.</summary>
    public long Operations => library[OperationsSoFar];

    /// <summary>Sectors put back at cuts.</summary>
    public long LostSectors => library[SectorsLost];

    /// <summary>Changes of names undone at cuts.</summary>
    public long UndoneNames => library[NamesUndone];

    /// <summary>Puts the journals of this configuration on it.</summary>
    public static VolatileDisk Under(GatewayConfiguration configuration) => new(configuration);

    /// <summary>The power goes in the midst of the operation that is this many ahead.</summary>
    /// <param name="operations">How many.</param>
    /// <param name="seed">Decides what is lost.</param>
    public void CutIn(int operations, int seed)
    {
        library[Seed] = seed;
        library[CutsIn] = operations;
    }

    /// <summary>Syncs succeed from now on and save nothing.</summary>
    public void Lie() => library[Lies] = 1;

    public void Dispose()
    {
        library.Dispose();
        scratch.Dispose();
    }
}
