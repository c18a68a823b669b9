using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway;

/// <summary>How commands reach the management listener of a running gateway: their options, and the asking.</summary>
internal sealed class ManagementAccess
{
    /// <summary>Said of whatever else answers.</summary>
    public const string NoListener = "this is not the management listener of a gateway (Kestrel:Endpoints:Management)";

    private const string DefaultUrl = "http://127.0.0.1:9097";

    // A retry is waited for by the gateway, and a large body takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Option<string> _url = new("--url")
    {
        Description = "The management listener of the gateway.",
        HelpName = "URL",
        DefaultValueFactory = _ => DefaultUrl,
        Recursive = true,
    };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Description = "A file with Management:Token, for a gateway on another machine.",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <summary>Gives a command, and those below it, the options.</summary>
    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_tokenFile);
    }

    /// <summary>Asks the listener; its exit code, or that of a listener that cannot be asked, said on stderr.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="ask">What to ask; an <see cref="HttpRequestException"/> says that it could not be.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<int> AskAsync(ParseResult parsed, Func<HttpClient, Task<int>> ask, CancellationToken stop)
    {
        TextWriter errors = parsed.InvocationConfiguration.Error;
        if (!Uri.TryCreate(parsed.GetValue(_url), UriKind.Absolute, out Uri? url)
            || url.Scheme is not ("http" or "https"))
        {
            errors.WriteLine("gateway: --url is an absolute http or https URL");
            return ExitCode.Refused;
        }
        try
        {
            using HttpClient http = new() { BaseAddress = url, Timeout = Patience };
            if (parsed.GetValue(_tokenFile) is { } file)
            {
                string token = (await File.ReadAllTextAsync(file, stop)).Trim();
                http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }
            return await ask(http);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"gateway: {fault.Message}");
            return ExitCode.Refused;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            // Without a password that it may have.
            string listener = url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
            errors.WriteLine($"gateway: {listener}: {fault.Message}");
            return ExitCode.Failed;
        }
    }

    /// <summary>Goes on with a good answer only.</summary>
    /// <exception cref="HttpRequestException">It is none; the message has what the gateway said.</exception>
    public static async Task DemandAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException(
                $"{(int)answer.StatusCode}: {await SaidAsync(answer, stop)}", null, answer.StatusCode);
    }

    /// <summary>What the gateway says in an answer: its error, outcome and reason.</summary>
    public static async Task<string> SaidAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        // Something else may listen there.
        if (ParsedOrNull(await answer.Content.ReadAsStringAsync(stop)) is not JsonObject said)
            return NoListener;
        return string.Join(": ", new[] { "error", "outcome", "reason" }
            .Select(name => said[name]?.ToString()).Where(part => !string.IsNullOrEmpty(part)));
    }

    private static JsonNode? ParsedOrNull(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
