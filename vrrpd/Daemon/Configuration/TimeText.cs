using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vrrp.Daemon.Configuration;

/// <summary>Times as the file has them: hh:mm:ss with a fraction, and days before it.</summary>
internal sealed class TimeText : JsonConverter<TimeSpan>
{
    /// <summary>
    /// Reads "00:00:01", "00:00:00.5", "1.00:00:00"; not "5" or "00:05", which would be days and minutes.
    /// </summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        return text.Length <= 32 && text.AsSpan().Count(':') == 2
            && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out time);
    }

    /// <summary>Writes what <see cref="TryParse"/> reads, without needless zeros.</summary>
    public static string Format(TimeSpan time)
    {
        string text = time.ToString("c", CultureInfo.InvariantCulture);
        return time.Ticks % TimeSpan.TicksPerSecond == 0 ? text : text.TrimEnd('0');
    }

    /// <summary>A time for people, such as "3.609 s".</summary>
    public static string Seconds(TimeSpan time) =>
        Math.Round(time.TotalSeconds, 3).ToString(CultureInfo.InvariantCulture) + " s";

    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TryParse(reader.GetString() ?? "", out TimeSpan time) ? time : throw new JsonException("no time");

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Format(value));
}
