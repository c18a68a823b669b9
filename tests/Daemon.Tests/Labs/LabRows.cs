using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// Which rows run: the usual ones, or all of them with <c>GATEWAY_FULL=1</c>, which <c>./test --full</c> sets.
/// </summary>
public static class LabRows
{
    private const int Attempts = 3;

    /// <summary>Whether everything runs.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("GATEWAY_FULL") == "1";

    /// <summary>Times of a row that is repeated in one lab.</summary>
    /// <param name="usual">Usually.</param>
    /// <param name="full">When everything runs.</param>
    public static int Times(int usual, int full) => IsFull ? full : usual;

    /// <summary>Every pairing in every mode.</summary>
    public static TheoryData<LabMode, Pairing> Everywhere() => Cross(Enum.GetValues<LabMode>());

    /// <summary>Every pairing with version 2 at 1 s; in full in every mode.</summary>
    public static TheoryData<LabMode, Pairing> Usual() => IsFull ? Everywhere() : Cross(LabMode.V2);

    /// <summary>As <see cref="Usual"/>, and always one pairing over IPv6.</summary>
    public static TheoryData<LabMode, Pairing> UsualAndIPv6(Pairing pairing)
    {
        TheoryData<LabMode, Pairing> rows = Usual();
        if (!IsFull)
            rows.Add(LabMode.V3IPv6, pairing);
        return rows;
    }

    /// <summary>
    /// Runs a test. In full, one that only took too long is tried again: the best of three counts, because what else
    /// the machine does is no fault of what is tested. Everything else has to hold every time.
    /// </summary>
    internal static async Task BestOf(Func<Task> test)
    {
        for (int left = IsFull ? Attempts : 1; ; left--)
        {
            try
            {
                await test();
                return;
            }
            catch (TooLongException exception) when (left > 1)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"tried again: {exception.Message.Split('\n')[0]}");
            }
        }
    }

    private static TheoryData<LabMode, Pairing> Cross(params LabMode[] modes)
    {
        TheoryData<LabMode, Pairing> rows = [];
        foreach (LabMode mode in modes)
        {
            foreach (Pairing pairing in Enum.GetValues<Pairing>())
                rows.Add(mode, pairing);
        }

        return rows;
    }
}

/// <summary>Something took longer than its bound.</summary>
/// <param name="message">What, and what else happened.</param>
internal sealed class TooLongException(string message) : Exception(message);
