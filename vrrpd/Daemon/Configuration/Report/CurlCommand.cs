using System.Globalization;

namespace Vrrp.Daemon.Configuration.Report;

/// <summary>What a call of curl does, as far as a check is concerned.</summary>
internal sealed record CurlCommand
{
    /// <summary>The only URL; null where there is none, or more than one.</summary>
    public string? Url { get; init; }

    /// <summary>Whether a status of 400 and above is a failure (-f).</summary>
    public bool FailsOnStatus { get; init; }

    /// <summary>Longest time for all (-m); null: none.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Whether it only gets the URL: no option that changes the request or the verdict otherwise.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Reads the words of a command; null where it is not curl's.</summary>
    public static CurlCommand? Parse(IReadOnlyList<string> words)
    {
        if (words.Count == 0 || words[0].Split('/')[^1] != "curl")
            return null;
        CurlCommand curl = new() { IsPlain = true };
        List<string> urls = [];
        for (int i = 1; i < words.Count; i++)
        {
            string word = words[i];
            string? value = i + 1 < words.Count ? words[i + 1] : null;
            if (word.Length < 2 || word[0] != '-')
                urls.Add(word);
            else if (word[1] == '-')
                curl = Long(curl, word, value, urls, ref i);
            else
                curl = Short(curl, word, value, ref i);
        }

        return curl with { Url = urls.Count == 1 ? urls[0] : null, IsPlain = curl.IsPlain && urls.Count == 1 };
    }

    private static CurlCommand Long(CurlCommand curl, string word, string? value, List<string> urls, ref int at)
    {
        switch (word)
        {
            case "--silent" or "--show-error" or "--globoff":
                return curl;
            case "--fail" or "--fail-with-body":
                return curl with { FailsOnStatus = true };
            case "--max-time":
                at++;
                return WithMaxTime(curl, value);
            case "--output" or "--connect-timeout":
                at++;
                return curl;
            case "--url":
                at++;
                urls.Add(value ?? "");
                return curl;
            default:
                return curl with { IsPlain = false };
        }
    }

    // Letters can be joined; one that has a value takes the rest of the word, or the next word.
    private static CurlCommand Short(CurlCommand curl, string word, string? next, ref int at)
    {
        for (int i = 1; i < word.Length; i++)
        {
            switch (word[i])
            {
                case 's' or 'S' or 'g':
                    break;
                case 'f':
                    curl = curl with { FailsOnStatus = true };
                    break;
                case 'o' or 'm':
                    bool isJoined = i + 1 < word.Length;
                    at += isJoined ? 0 : 1;
                    return word[i] == 'o' ? curl : WithMaxTime(curl, isJoined ? word[(i + 1)..] : next);
                default:
                    return curl with { IsPlain = false };
            }
        }

        return curl;
    }

    private static CurlCommand WithMaxTime(CurlCommand curl, string? seconds) =>
        double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double time)
            && time is > 0 and <= 3600
            ? curl with { MaxTime = TimeSpan.FromSeconds(time) }
            : curl with { IsPlain = false };
}
