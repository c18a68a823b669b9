namespace Vrrp.Daemon.Configuration;

/// <summary>A place in the file: checks values of its keys and says what is wrong with them.</summary>
internal readonly struct Section(Findings findings, string path)
{
    /// <summary>The longest name of an instance, check or group.</summary>
    public const int MaxNameLength = 64;

    /// <summary>What stands under a key.</summary>
    public Section this[string key] => new(findings, PathOf(key));

    public string PathOf(string key) => path.Length == 0 ? key : $"{path}:{key}";

    /// <summary>Whether what stood under the key could not be read.</summary>
    public bool IsFaulty(string key) => findings.IsFaulty(PathOf(key));

    /// <summary>Says what is wrong with a key; an empty one is the section itself.</summary>
    public void Fault(string key, string text) => findings.Fault(key.Length == 0 ? path : PathOf(key), text);

    public void Warn(string key, string text) => findings.Warn(key.Length == 0 ? path : PathOf(key), text);

    /// <summary>The number, if it is in the range; otherwise a fault, and the default.</summary>
    public int Number(string key, int? value, int least, int most, int byDefault)
    {
        if (value is not { } number)
            return byDefault;
        if (number >= least && number <= most)
            return number;
        Fault(key, $"{number} is not between {least} and {most}");
        return byDefault;
    }

    /// <summary>The time, if it is in the range; otherwise a fault, and the default.</summary>
    public TimeSpan Time(string key, TimeSpan? value, TimeSpan least, TimeSpan most, TimeSpan byDefault)
    {
        if (value is not { } time)
            return byDefault;
        if (time >= least && time <= most)
            return time;
        Fault(key, $"{TimeText.Format(time)} is not between {TimeText.Format(least)} and {TimeText.Format(most)}");
        return byDefault;
    }

    /// <summary>An address; null and a fault if it is none.</summary>
    public Address? AnAddress(string key, string? text)
    {
        if (text is null)
            return null;
        if (Address.TryParse(text, out Address address))
            return address;
        Fault(key, $"'{Shown(text)}' is no address; write it in full and without a prefix, such as 192.0.2.1");
        return null;
    }

    /// <summary>The name of a network interface; empty and a fault if it is none.</summary>
    public string AnInterface(string key, string? name)
    {
        if (name is null)
            Fault(key, "is missing; name the network interface, such as eth0");
        else if (name.Length is 0 or > 15 || name.Any(c => c <= ' ' || c == '/' || c == ':') || name is "." or "..")
            Fault(key, $"'{Shown(name)}' is no network interface; that has 1 to 15 characters, no space, / or :");
        else
            return name;
        return "";
    }

    /// <summary>Whether this section's own name can stand in logs, metrics and arguments.</summary>
    public void CheckName(string name)
    {
        if (name.Length is 0 or > MaxNameLength || name.Any(char.IsControl) || string.IsNullOrWhiteSpace(name))
            Fault("", $"a name has 1 to {MaxNameLength} characters that can be printed");
    }

    /// <summary>A program with arguments; null and a fault if it is none.</summary>
    public CommandConfig? Command(string key, List<string>? words, string? user, string? group)
    {
        if (words is null)
            return null;
        if (words.Count == 0 || string.IsNullOrEmpty(words[0]))
            Fault(key, "is empty; name the program by its whole path, then its arguments");
        else if (words[0][0] != '/')
            Fault(key, $"'{Shown(words[0])}' is no whole path; programs are not looked for in PATH");
        else if (words.Exists(word => word is null || word.Contains('\0', StringComparison.Ordinal)))
            Fault(key, "an argument is missing or has a zero in it");
        else
            return new([.. words], Account("User", user), Account("Group", group));
        return null;
    }

    /// <summary>A name of a user or a group.</summary>
    private string? Account(string key, string? name)
    {
        if (name is null)
            return null;
        if (name.Length is > 0 and <= 32 && name[0] != '-'
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
            return name;
        Fault(key, $"'{Shown(name)}' is no name of an account; leave the key out for the daemon's own");
        return null;
    }

    /// <summary>A value as a message may repeat it: short, and on one line.</summary>
    public static string Shown(string text)
    {
        string line = new([.. text.Take(60).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > 60 ? line + "…" : line;
    }
}
