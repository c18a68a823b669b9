using System.Text;

namespace InfluxMirror.Delivery;

/// <summary>
/// Errors that influxd puts into a 200 to a statement that it could not execute for a reason of its own, which passes:
/// while it starts or ends, and under load. Taken from influxd 1.x (packages query and tsdb); that it answers DELETE
/// with the first of them shortly after its start was seen with 1.6.7.
/// </summary>
internal static class StatementErrors
{
    private static readonly string[] Passing =
    [
        "engine is closed",
        "shard is disabled",
        "shard is being deleted",
        "store is closed",
        "tsdb store is closed",
        "query engine shutdown",
        "max-concurrent-queries limit exceeded",
    ];

    // As the server writes it, and with pretty=true. Inside a value the quotes would be escaped.
    private static readonly byte[][] Patterns =
        [.. Passing.SelectMany(static error => new[] { $"\"error\":\"{error}", $"\"error\": \"{error}" })
            .Select(Encoding.UTF8.GetBytes)];

    /// <summary>The first such error in a JSON answer; null when there is none.</summary>
    public static string? FindPassing(ReadOnlySpan<byte> body)
    {
        var start = body.IndexOf("\"error\":"u8);
        if (start < 0)
            return null;
        for (var i = 0; i < Patterns.Length; i++)
        {
            if (body[start..].IndexOf(Patterns[i]) >= 0)
                return Passing[i / 2];
        }

        return null;
    }
}
