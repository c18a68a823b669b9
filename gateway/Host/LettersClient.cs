using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Management;

namespace Gateway;

/// <summary>Asks the management listener of a running gateway about dead letters.</summary>
internal sealed class LettersClient : IDisposable
{
    // A retry is waited for by the gateway, and a large body takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http;

    /// <param name="url">The listener's root.</param>
    /// <param name="token">The management token; null from the same machine.</param>
    public LettersClient(Uri url, string? token)
    {
        _http = new HttpClient { BaseAddress = url, Timeout = Patience };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Letters, oldest first in each cluster.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached, or refuses.</exception>
    public async Task<IReadOnlyList<LetterView>> ListAsync(
        string? destination, string? database, CancellationToken stop)
    {
        List<string> filters = [];
        if (destination is not null)
            filters.Add("destination=" + Uri.EscapeDataString(destination));
        if (database is not null)
            filters.Add("database=" + Uri.EscapeDataString(database));
        using HttpResponseMessage answer = await _http.GetAsync(
            LetterEndpoints.Root + (filters.Count == 0 ? "" : "?" + string.Join('&', filters)), stop);
        await DemandAsync(answer, stop);
        try
        {
            return await answer.Content.ReadFromJsonAsync<LetterView[]>(stop) ?? [];
        }
        catch (JsonException)
        {
            throw new HttpRequestException("something else than a gateway's management listener answers there");
        }
    }

    /// <summary>Copies a letter's body.</summary>
    /// <exception cref="HttpRequestException">It cannot be had.</exception>
    public async Task ExportAsync(LetterView letter, Stream to, CancellationToken stop)
    {
        using HttpResponseMessage answer = await _http.GetAsync(
            PathOf(letter), HttpCompletionOption.ResponseHeadersRead, stop);
        await DemandAsync(answer, stop);
        await answer.Content.CopyToAsync(to, stop);
    }

    /// <summary>Has a letter sent once more: whether it was delivered, and what the gateway says.</summary>
    public async Task<(bool Delivered, string Said)> RetryAsync(LetterView letter, CancellationToken stop)
    {
        using HttpResponseMessage answer = await _http.PostAsync(PathOf(letter) + "/retry", null, stop);
        return (answer.StatusCode == HttpStatusCode.OK, await SaidAsync(answer, stop));
    }

    /// <summary>Drops a letter: whether it is gone, and what the gateway says.</summary>
    public async Task<(bool Dropped, string Said)> DropAsync(LetterView letter, CancellationToken stop)
    {
        using HttpResponseMessage answer = await _http.DeleteAsync(PathOf(letter), stop);
        return answer.IsSuccessStatusCode ? (true, "dropped") : (false, await SaidAsync(answer, stop));
    }

    public void Dispose() => _http.Dispose();

    private static string PathOf(LetterView letter) =>
        $"{LetterEndpoints.Root}/{Uri.EscapeDataString(letter.Cluster)}/{letter.Id}";

    private static async Task DemandAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException(
                $"{(int)answer.StatusCode}: {await SaidAsync(answer, stop)}", null, answer.StatusCode);
    }

    private static async Task<string> SaidAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        string text = await answer.Content.ReadAsStringAsync(stop);
        try
        {
            JsonNode? said = JsonNode.Parse(text);
            return string.Join(": ", new[] { said?["error"], said?["outcome"], said?["reason"] }
                .Select(part => (string?)part).Where(part => !string.IsNullOrEmpty(part)));
        }
        catch (JsonException)
        {
            // Something else listens there.
            return $"status {(int)answer.StatusCode}";
        }
    }
}
