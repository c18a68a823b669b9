using System.Net;
using System.Text.Json;
using Gateway.Management;

namespace Gateway;

/// <summary>Asks the management listener of a running gateway about dead letters.</summary>
/// <param name="http">Reaches the listener.</param>
internal sealed class LettersClient(HttpClient http)
{
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
        using HttpResponseMessage answer = await http.GetAsync(
            LetterEndpoints.Root + (filters.Count == 0 ? "" : "?" + string.Join('&', filters)), stop);
        // A management listener has this path, whatever letters there are.
        if (answer.StatusCode == HttpStatusCode.NotFound)
            throw new HttpRequestException(ManagementAccess.NoListener);
        await ManagementAccess.DemandAsync(answer, stop);
        try
        {
            return await answer.Content.ReadFromJsonAsync<LetterView[]>(stop) ?? [];
        }
        catch (JsonException)
        {
            throw new HttpRequestException(ManagementAccess.NoListener);
        }
    }

    /// <summary>Copies a letter's body.</summary>
    /// <exception cref="HttpRequestException">It cannot be had.</exception>
    public async Task ExportAsync(LetterView letter, Stream to, CancellationToken stop)
    {
        using HttpResponseMessage answer = await http.GetAsync(
            PathOf(letter), HttpCompletionOption.ResponseHeadersRead, stop);
        await ManagementAccess.DemandAsync(answer, stop);
        await answer.Content.CopyToAsync(to, stop);
    }

    /// <summary>Has a letter sent once more: whether it was delivered, and what the gateway says.</summary>
    public async Task<(bool Delivered, string Said)> RetryAsync(LetterView letter, CancellationToken stop)
    {
        using HttpResponseMessage answer = await http.PostAsync(PathOf(letter) + "/retry", null, stop);
        return (answer.StatusCode == HttpStatusCode.OK, await ManagementAccess.SaidAsync(answer, stop));
    }

    /// <summary>Drops a letter: whether it is gone, and what the gateway says.</summary>
    public async Task<(bool Dropped, string Said)> DropAsync(LetterView letter, CancellationToken stop)
    {
        using HttpResponseMessage answer = await http.DeleteAsync(PathOf(letter), stop);
        return answer.IsSuccessStatusCode ? (true, "dropped") : (false, await ManagementAccess.SaidAsync(answer, stop));
    }

    private static string PathOf(LetterView letter) =>
        $"{LetterEndpoints.Root}/{Uri.EscapeDataString(letter.Cluster)}/{letter.Id}";
}
