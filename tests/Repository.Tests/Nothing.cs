using Xunit;

namespace Gateway.RepositoryTests;

/// <summary>Asserts that a search found nothing, and shows all of what it found.</summary>
internal static class Nothing
{
    public static void In<T>(IEnumerable<T> found)
    {
        List<T> all = [.. found];
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
