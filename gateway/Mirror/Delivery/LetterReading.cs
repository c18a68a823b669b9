using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Reads a log of letters from its start to its end.</summary>
internal static class LetterReading
{
    /// <summary>Damage, in words.</summary>
    public static string Told(LogDamage damage) =>
        $"dead letters: {damage.Kind} in {damage.File} at {damage.Offset}, {damage.Length} bytes, cannot be read";

    /// <summary>Fills <paramref name="index"/>; what cannot be read is told and passed over.</summary>
    public static void Load(SegmentReader reader, LetterIndex index, Action<string> tell)
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
                tell($"dead letters: {fault.Message}");
                // Once more, in case it passes; then it is given up.
                if (++faults > 1)
                    reader.SkipUnreadable();
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
