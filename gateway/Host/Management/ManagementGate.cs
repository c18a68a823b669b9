using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Management;

/// <summary>Decides who may change something: this machine, or whoever knows the token.</summary>
internal sealed class ManagementGate(ManagementOptions options)
{
    private readonly byte[]? _tokenHash = options.Token is { Length: > 0 } token ? Hash(token) : null;

    /// <summary>
    /// Middleware: requests that only look pass, at clients' data apart; others pass when they are allowed, else 403.
    /// </summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (OnlyLooks(context.Request) || Allows(context))
        {
            await next(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        await context.Response.WriteAsJsonAsync(
            new { error = "calls that change something or show data come from this machine or carry Management:Token" },
            context.RequestAborted);
    }

    private static bool OnlyLooks(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && !request.Path.StartsWithSegments(LetterEndpoints.Root);

    private bool Allows(HttpContext context) => IsLocal(context) || HasToken(context.Request);

    // A browser on this machine that was lured to another site comes from loopback too, and so does a proxy that
    // forwards for others: both give themselves away by a header.
    private static bool IsLocal(HttpContext context)
    {
        IHeaderDictionary headers = context.Request.Headers;
        return context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
            && !headers.ContainsKey("Origin") && !headers.ContainsKey("X-Forwarded-For")
            && !headers.ContainsKey("Forwarded");
    }

    // Hashes have one length and tell nothing about a near miss, so the comparison takes one time.
    private bool HasToken(HttpRequest request)
    {
        const string scheme = "Bearer ";
        string header = request.Headers.Authorization.ToString();
        return _tokenHash is not null && header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(header[scheme.Length..].Trim()), _tokenHash);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
