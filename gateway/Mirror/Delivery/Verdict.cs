using System.Globalization;

namespace InfluxMirror.Delivery;

/// <summary>What an answer of a destination means for a record.</summary>
public enum VerdictKind
{
    /// <summary>The destination has it.</summary>
    Delivered,

    /// <summary>Nothing is decided: try again later (5xx, 408, 429, no answer at all).</summary>
    Retry,

    /// <summary>The database does not exist there; it may be created.</summary>
    ParkDatabase,

    /// <summary>The retention policy does not exist there; it may be created.</summary>
    ParkRetentionPolicy,

    /// <summary>The account is not known or not allowed there; that may be repaired.</summary>
    ParkAccount,

    /// <summary>The body is too large for the destination: a merged one is split.</summary>
    TooLarge,

    /// <summary>The destination will never take all of it; of a partial write it stored what was good.</summary>
    Rejected,
}

/// <summary>
/// The meaning of an answer. InfluxDB's status codes are those of its handler's <c>serveWrite</c> (1.6.7), where
/// 404 is a missing database, 500 also a missing retention policy, and 400 also a write of which most was stored.
/// </summary>
/// <param name="Kind">What to do with the record.</param>
/// <param name="DroppedPoints">Points a partial write says it did not store.</param>
/// <param name="IsPartial">Some of the points were stored.</param>
public readonly record struct Verdict(VerdictKind Kind, int DroppedPoints = 0, bool IsPartial = false)
{
    /// <summary>Judges an answer by its status and InfluxDB's error text.</summary>
    public static Verdict Of(int status, string error) => status switch
    {
        >= 200 and < 300 => new(VerdictKind.Delivered),
        // Errors quote the client's lines: only how they begin is InfluxDB's own.
        404 when error.StartsWith("database not found", StringComparison.Ordinal) => new(VerdictKind.ParkDatabase),
        400 or 404 or 500 when error.StartsWith("retention policy not found", StringComparison.Ordinal) =>
            new(VerdictKind.ParkRetentionPolicy),
        401 or 403 => new(VerdictKind.ParkAccount),
        408 or 429 or >= 500 => new(VerdictKind.Retry),
        413 => new(VerdictKind.TooLarge),
        400 when error.StartsWith("partial write", StringComparison.Ordinal) =>
            new(VerdictKind.Rejected, Dropped(error), IsPartial: true),
        _ => new(VerdictKind.Rejected),
    };

    /// <summary>The number after the last <c>dropped=</c>; 0 without one.</summary>
    private static int Dropped(string error)
    {
        const string Key = "dropped=";
        var at = error.LastIndexOf(Key, StringComparison.Ordinal);
        if (at < 0)
            return 0;
        var digits = error.AsSpan(at + Key.Length);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        if (end >= 0)
            digits = digits[..end];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
    }
}
