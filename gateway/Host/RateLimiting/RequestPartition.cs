using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.RateLimiting;

/// <summary>Finds whose limit a request counts against. Nothing here is verified: names only group requests.</summary>
internal static class RequestPartition
{
    // Longer names are kept as a hash, so that a partition key stays small.
    private const int MaxNameLength = 128;

    public static string Of(HttpContext context, RateLimitPartitioning partitioning) => partitioning switch
    {
        RateLimitPartitioning.Client => Client(context.Connection.RemoteIpAddress),
        RateLimitPartitioning.Database => Bounded(Database(context.Request.Query)),
        RateLimitPartitioning.User => Bounded(User(context.Request)),
        _ => "",
    };

    private static string Client(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static string Database(IQueryCollection query)
    {
        string? database = query["db"];
        if (!string.IsNullOrEmpty(database))
            return database;
        // /api/v2/write names "database/retention policy" as its bucket.
        string bucket = query["bucket"].ToString();
        int slash = bucket.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? bucket : bucket[..slash];
    }

    // In influxd's order: parameters win over the header.
    private static string User(HttpRequest request)
    {
        string? user = request.Query["u"];
        if (!string.IsNullOrEmpty(user))
            return user;
        string header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return NameBeforeColon(Decode(header[6..].Trim()));
        if (header.StartsWith("Token ", StringComparison.OrdinalIgnoreCase) && header.Contains(':'))
            return NameBeforeColon(header[6..].Trim());
        return header.Length == 0 ? "" : Hash(header);
    }

    private static string NameBeforeColon(string text) => text.Split(':', 2)[0];

    private static string Decode(string base64)
    {
        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return Convert.TryFromBase64String(base64, decoded, out int length)
            ? Encoding.UTF8.GetString(decoded, 0, length)
            : Hash(base64);
    }

    private static string Bounded(string name) => name.Length <= MaxNameLength ? name : Hash(name);

    // A token is a secret: what stands for it in memory is not.
    private static string Hash(string secret) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
