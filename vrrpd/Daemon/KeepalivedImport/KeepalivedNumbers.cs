using System.Globalization;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Reads numbers of statements, and says what became of the statements.</summary>
internal sealed class KeepalivedNumbers(ImportNotes notes)
{
    /// <summary>A whole number; null and a note where it is none or out of range.</summary>
    public int? Whole(KeepalivedNode node, string key, int least, int most)
    {
        if (!TryWhole(node.Value, out int number))
        {
            notes.NotKept(node, $"needs a whole number; the default of {key} is left");
            return null;
        }

        if (number < least || number > most)
        {
            notes.NotKept(node, $"is not between {least} and {most}; the default of {key} is left");
            return null;
        }

        notes.Kept(node, $"{key} {number}");
        return number;
    }

    /// <summary>How often, brought into the range; null and a note where it is no number.</summary>
    public int? Count(KeepalivedNode node, string key, int most)
    {
        if (!TryWhole(node.Value, out int number) || (number >= 1 && number <= most))
            return Whole(node, key, 1, most);
        int nearest = Math.Clamp(number, 1, most);
        notes.Changed(node, $"{key} becomes {nearest}, the nearest that vrrpd has");
        return nearest;
    }

    /// <summary>
    /// A time in seconds, brought into the range and to whole steps; null and a note where it is none.
    /// </summary>
    public TimeSpan? Seconds(KeepalivedNode node, string key, TimeSpan least, TimeSpan most, TimeSpan step)
    {
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(node.Value, Plain, CultureInfo.InvariantCulture, out decimal given) || given > 1_000_000)
        {
            notes.NotKept(node, $"needs a number of seconds; the default of {key} is left");
            return null;
        }

        long wanted = (long)(given * TimeSpan.TicksPerSecond);
        long stepped = (wanted + (step.Ticks / 2)) / step.Ticks * step.Ticks;
        TimeSpan time = new(Math.Clamp(stepped, least.Ticks, most.Ticks));
        if (time.Ticks == wanted)
            notes.Kept(node, $"{key} {TimeText.Format(time)}");
        else
            notes.Changed(node, $"{key} becomes {TimeText.Format(time)}, the nearest that vrrpd has");
        return time;
    }

    /// <summary>A number as keepalived writes it, with a sign or without.</summary>
    public static bool TryWhole(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
