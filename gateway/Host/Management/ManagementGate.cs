using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Management;

/// <summary>Decides who may change something: this machine, or whoever knows the token.</summary>
internal sealed class ManagementGate(ManagementOptions options)
{
    // What browsers add when a site sends them elsewhere, and proxies that forward for others.
    private static readonly string[] Betrayals = ["Origin", "Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

    private readonly byte[]? _tokenHash = options.Token is { Length: > 0 } token ? Hash(token) : null;

    /// <summary>
    /// Middleware: requests that only look pass, at clients' data apart; others pass when they are allowed, else 403.
    /// </summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (OnlyLooks(context.Request) || HasToken(context.Request) || Distrust(context) is not { } reason)
        {
            await next(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        await context.Response.WriteAsJsonAsync(
            new
            {
                error = "calls that change something or show data come from this machine or carry Management:Token "
                    + $"(Authorization: Bearer TOKEN); this one has no valid token, and {reason}",
            },
            context.RequestAborted);
    }

    private static bool OnlyLooks(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && !request.Path.StartsWithSegments(LetterEndpoints.Root);

    /// <summary>Why a request is not taken as one of this machine's; null when it is.</summary>
    private static string? Distrust(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address || !IPAddress.IsLoopback(address))
            return "comes from another machine";
        // A browser on this machine that was lured to another site comes from loopback too, and so does a proxy.
        if (Array.Find(Betrayals, context.Request.Headers.ContainsKey) is { } header)
            return $"its header {header} says that a browser or a proxy sent it";
        return IsOfThisMachine(context.Request.Host.Host)
            ? null
            : "its header Host is neither an IP address nor localhost";
    }

    // Any other name may be a site's that has it resolve to loopback: its pages' own calls have no Origin.
    private static bool IsOfThisMachine(string host) =>
        IPAddress.TryParse(host, out _) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

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
