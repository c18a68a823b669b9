using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Where the journal of a cluster is.</summary>
public sealed class JournalFolderTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("journals-");

    [Fact]
    public void A_cluster_keeps_its_folder_though_the_case_of_its_letters_changes()
    {
        Assert.Equal(Path.Combine(_root.FullName, "Influx"), JournalFolder.PathOf(_root.FullName, "Influx"));
        string influx = _root.CreateSubdirectory("influx").FullName;
        _root.CreateSubdirectory("influx2");

        Assert.Equal(influx, JournalFolder.PathOf(_root.FullName, "Influx"));
        Assert.Equal(influx, JournalFolder.PathOf(_root.FullName, "influx"));
        Assert.Equal(Path.Combine(_root.FullName, "other"), JournalFolder.PathOf(_root.FullName, "other"));
        string absent = Path.Combine(_root.FullName, "nothing");
        Assert.Equal(Path.Combine(absent, "%2E%2E"), JournalFolder.PathOf(absent, ".."));
    }

    [Fact]
    public void Where_there_are_two_it_is_the_one_spelled_as_the_cluster_is()
    {
        _root.CreateSubdirectory("influx");
        string named = _root.CreateSubdirectory("Influx").FullName;

        Assert.Equal(named, JournalFolder.PathOf(_root.FullName, "Influx"));
    }

    public void Dispose() => _root.Delete(recursive: true);
}
