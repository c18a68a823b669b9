using System.CommandLine;
using Gateway.Management;

namespace Gateway;

/// <summary>
/// <c>gateway letters</c>: what destinations refused, by the management listener of a running gateway.
/// </summary>
internal sealed class LettersCommand
{
    private readonly ManagementAccess _access = new();

    private readonly Option<string?> _destination = new("--destination")
    {
        Description = "Only letters of this destination.",
        HelpName = "ID",
        Recursive = true,
    };

    private readonly Option<string?> _database = new("--database")
    {
        Description = "Only letters of this database.",
        HelpName = "NAME",
        Recursive = true,
    };

    private readonly Option<bool> _all = new("--all") { Description = "Every letter, within the filters." };

    private readonly Argument<string[]> _ids = new("ID")
    {
        Description = "Numbers of letters; CLUSTER/NUMBER where there are several clusters.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public static Command Build() => new LettersCommand().Make();

    private Command Make()
    {
        Option<string?> output = new("--output") { Description = "A new file to write to.", HelpName = "FILE" };
        Command list = new("list", "List letters, oldest first.");
        list.SetAction((parsed, stop) => RunAsync(parsed, ListAsync, stop));
        Command show = Chosen("show", "Show letters and the beginning of their records.", ShowAsync);
        Command retry = Chosen("retry", "Send letters once more; those that are delivered go.",
            (client, letters, parsed, stop) => EachAsync(letters, parsed, letter => client.RetryAsync(letter, stop)));
        Command drop = Chosen("drop", "Remove letters; their points stay rejected.",
            (client, letters, parsed, stop) => EachAsync(letters, parsed, letter => client.DropAsync(letter, stop)));
        Command export = Chosen("export", "Write the records: line protocol, or a statement's text.",
            (client, letters, parsed, stop) => ExportAsync(client, letters, parsed, parsed.GetValue(output), stop));
        export.Add(output);
        Command letters = new("letters", "Dead letters: what destinations refused.")
        {
            _destination, _database, list, show, retry, export, drop,
        };
        _access.AddTo(letters);
        return letters;
    }

    private delegate Task<int> LetterAction(
        LettersClient client, IReadOnlyList<LetterView> letters, ParseResult parsed, CancellationToken stop);

    private Command Chosen(string name, string description, LetterAction action)
    {
        Command command = new(name, description) { _ids, _all };
        command.SetAction((parsed, stop) => RunAsync(
            parsed, (client, letters, _, _) => Choose(client, letters, parsed, action, stop), stop));
        return command;
    }

    private Task<int> RunAsync(ParseResult parsed, LetterAction action, CancellationToken stop) => _access.AskAsync(
        parsed,
        async http =>
        {
            LettersClient client = new(http);
            return await action(
                client,
                await client.ListAsync(parsed.GetValue(_destination), parsed.GetValue(_database), stop),
                parsed,
                stop);
        },
        stop);

    private Task<int> Choose(
        LettersClient client, IReadOnlyList<LetterView> letters, ParseResult parsed, LetterAction action,
        CancellationToken stop)
    {
        TextWriter errors = parsed.InvocationConfiguration.Error;
        string[] ids = parsed.GetValue(_ids) ?? [];
        bool all = parsed.GetValue(_all);
        if (all == (ids.Length > 0))
        {
            errors.WriteLine("gateway: say which letters, by ID or --all");
            return Task.FromResult(ExitCode.Refused);
        }
        if (all && letters.Count == 0)
            errors.WriteLine("gateway: there are no such letters");
        List<LetterView> chosen = all ? [.. letters] : [];
        foreach (string id in ids)
        {
            LetterView[] found = [.. letters.Where(letter => id == $"{letter.Id}" || id == NameOf(letter))];
            if (found.Length != 1)
            {
                errors.WriteLine(found.Length == 0
                    ? $"gateway: there is no letter {id}"
                    : $"gateway: letter {id} is in several clusters: {string.Join(", ", found.Select(NameOf))}");
                return Task.FromResult(ExitCode.Failed);
            }
            chosen.Add(found[0]);
        }
        return action(client, chosen, parsed, stop);
    }

    private static Task<int> ListAsync(
        LettersClient client, IReadOnlyList<LetterView> letters, ParseResult parsed, CancellationToken stop)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        foreach (LetterView letter in letters)
            output.WriteLine(Summary(letter));
        output.WriteLine($"{letters.Count} letter(s), {letters.Sum(letter => (long)letter.Rejected)} point(s)");
        return Task.FromResult(ExitCode.Ok);
    }

    private static Task<int> ShowAsync(
        LettersClient client, IReadOnlyList<LetterView> letters, ParseResult parsed, CancellationToken stop)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        foreach (LetterView letter in letters)
        {
            output.WriteLine(Summary(letter));
            output.WriteLine(PrintedText.Line(
                $"  rp={letter.RetentionPolicy ?? "(default)"}, {letter.Bytes} bytes, {letter.Rejected} of "
                + $"{letter.Points} point(s) refused{(letter.Retried ? ", being sent once more" : "")}"));
            output.WriteLine("  " + PrintedText.Line(letter.Sample));
        }
        return Task.FromResult(ExitCode.Ok);
    }

    /// <summary>Does something to each letter, and prints what the gateway says of it.</summary>
    private static async Task<int> EachAsync(
        IReadOnlyList<LetterView> letters, ParseResult parsed, Func<LetterView, Task<(bool Done, string Said)>> act)
    {
        int code = ExitCode.Ok;
        foreach (LetterView letter in letters)
        {
            (bool done, string said) = await act(letter);
            code = done ? code : ExitCode.Failed;
            parsed.InvocationConfiguration.Output.WriteLine(PrintedText.Line($"{NameOf(letter)}: {said}"));
        }
        return code;
    }

    // As it came, so that it can be written again; one letter's lines end before the next one's begin.
    private static async Task<int> ExportAsync(
        LettersClient client, IReadOnlyList<LetterView> letters, ParseResult parsed, string? file,
        CancellationToken stop)
    {
        await using Stream to = file is null
            ? Console.OpenStandardOutput()
            : CreateForOwner(file);
        foreach (LetterView letter in letters)
        {
            using MemoryStream body = new();
            await client.ExportAsync(letter, body, stop);
            await to.WriteAsync(body.ToArray(), stop);
            if (body.Length > 0 && body.GetBuffer()[body.Length - 1] != '\n' && (letters.Count > 1 || file is null))
                to.WriteByte((byte)'\n');
        }
        if (file is not null)
            parsed.InvocationConfiguration.Output.WriteLine($"{letters.Count} letter(s) in {file}");
        return ExitCode.Ok;
    }

    // As the journal that the letters come from.
    private static FileStream CreateForOwner(string file)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(file, options);
    }

    private static string Summary(LetterView letter) => PrintedText.Line(
        $"{NameOf(letter)} {letter.Time} {letter.Destination} {letter.Kind} db={letter.Database} "
        + $"points={letter.Points} client={letter.Client}: {letter.Reason}");

    private static string NameOf(LetterView letter) => $"{letter.Cluster}/{letter.Id}";
}
