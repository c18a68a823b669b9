using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Reads a log of letters from its start to its end.</summary>
internal static class LetterReading
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Damage, in words.</summary>
    public static string Told(LogDamage damage) =>
        $"dead letters: {damage.Kind} in {damage.File} at {damage.Offset}, {damage.Length} bytes, cannot be read";

    /// <summary>
    /// Fills <paramref name="index"/>; what cannot be read is told and passed over, after it was asked for once more
    /// and then for <paramref name="patience"/> in all.
    /// </summary>
    public static void Load(
        SegmentReader reader, LetterIndex index, Action<string> tell, TimeSpan patience = default)
    {
        var faults = 0;
        while (true)
        {
            LogRecord? found;
            try
            {
                found = reader.TryRead();
                faults = 0;
            }
            catch (DiskException fault)
            {
                if (++faults == 1)
                {
                    tell($"dead letters: {fault.Message}");
                }
                else if (patience > TimeSpan.Zero)
                {
                    Thread.Sleep(Pause);
                    patience -= Pause;
                }
                else
                {
                    reader.SkipUnreadable();
                }

                continue;
            }

            if (found is null)
                return;
            try
            {
                index.Apply(found);
            }
            catch (InvalidDataException fault)
            {
                tell($"dead letters: {fault.Message}");
            }
            finally
            {
                found.Body.Release();
            }
        }
    }
}
