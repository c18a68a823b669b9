using System.Globalization;
using System.Text;

namespace Gateway;

/// <summary>Text that came from clients or servers, made fit for a terminal.</summary>
internal static class PrintedText
{
    private const string Units = " KMGTP";

    /// <summary>One line: whatever could move a cursor or end a line is shown as an escape.</summary>
    public static string Line(string text)
    {
        if (!text.Any(char.IsControl))
            return text;
        StringBuilder shown = new(text.Length + 8);
        foreach (char one in text)
        {
            if (one == '\n')
                shown.Append("\\n");
            else if (char.IsControl(one))
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)one:x4}");
            else
                shown.Append(one);
        }
        return shown.ToString();
    }

    /// <summary>A number of bytes, to three digits.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; value >= 1000 && unit < Units.Length - 1; unit++)
            value /= 1000;
        return unit == 0
            ? $"{bytes} B"
            : string.Create(CultureInfo.InvariantCulture, $"{value:G3} {Units[unit]}B");
    }

    /// <summary>A moment, in UTC, to the millisecond.</summary>
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
