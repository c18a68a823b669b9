using System.CommandLine;
using Gateway.Configuration;
using InfluxMirror;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace Gateway;

/// <summary>
/// <c>gateway journal</c>: what is in the journals on disk. Locks and changes nothing, also while a gateway runs.
/// </summary>
internal static class JournalCommand
{
    private const string DefaultFile = "appsettings.json";
    private const int MaxRuns = 20;

    public static Command Build()
    {
        Option<string> file = new("--config")
        {
            Description = "The configuration file that says where the journals are.",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultFile,
            Recursive = true,
        };
        Option<bool> quick = new("--quick") { Description = "Do not read the older segments through for damage." };
        Option<long> from = FromOneOn("--from", "N", "First position.", 1);
        Option<long> limit = FromOneOn("--limit", "M", "Most records.", long.MaxValue);
        Argument<string> at = Folder(), dumpAt = Folder(), gapsAt = Folder();
        Command dump = new("dump", "Print records, without users, passwords and tokens.") { dumpAt, from, limit };
        dump.SetAction(parsed => Run(parsed, file, dumpAt, (view, output, errors) =>
            Dump(view, parsed.GetValue(from), parsed.GetValue(limit), output, errors)));
        Command gaps = new("gaps", "List what was dropped at a limit or for its age.") { gapsAt };
        gaps.SetAction(parsed => Run(parsed, file, gapsAt, Gaps));
        Command journal = new("journal", "Show segments, progress and backlog of the journals on disk.")
        {
            file, at, quick, dump, gaps,
        };
        journal.SetAction(parsed => Run(parsed, file, at, (view, output, _) =>
            Show(view, !parsed.GetValue(quick), output)));
        return journal;
    }

    /// <summary>Segments, cursors, backlog, letters and gaps of one journal; false when anything is damaged.</summary>
    private static bool Show(MirrorJournalView view, bool check, TextWriter output)
    {
        string[] damage =
        [
            .. view.Damage(check).Select(place => $"{Said(place)}, behind position {place.After}"
                + (place.Acknowledged ? ", had been safe" : "")),
            .. view.LetterFaults,
            .. view.GapsFault is { } fault ? [fault] : (string[])[],
        ];
        output.WriteLine($"{view.Cluster}: {view.Folder}, positions up to {view.Tail}");
        long bytes = view.Segments.Sum(segment => segment.FileBytes);
        output.WriteLine($"  segments: {view.Segments.Count}, {PrintedText.Bytes(bytes)}; spare files: {view.Spares}");
        foreach (Segment segment in view.Segments)
            output.WriteLine(
                $"    {segment.Name}  generation {segment.Header.Generation}  positions {segment.Header.First} to "
                + $"{segment.Last}  records end at {segment.End} of {segment.FileBytes} bytes");
        foreach (string place in damage)
            output.WriteLine(PrintedText.Line($"    damaged: {place}"));
        if (check)
            output.WriteLine($"  records: {view.Records}; damaged places: {damage.Length}");
        foreach (JournalCursorView cursor in view.Cursors)
            Show(cursor, view.Tail, output);
        output.WriteLine($"  dead letters: {view.Letters}, {PrintedText.Bytes(view.LetterBytes)}");
        output.WriteLine(view.GapsFault is null
            ? $"  gaps: {view.Gaps.Count}, {view.Gaps.Sum(gap => gap.Points)} point(s)"
            : "  gaps: not known");
        return damage.Length == 0;
    }

    /// <summary>One record a line; false when something cannot be read.</summary>
    private static bool Dump(MirrorJournalView view, long from, long limit, TextWriter output, TextWriter errors)
    {
        bool isWhole = true;
        foreach (JournalRecordView record in view.Dump(from, place =>
        {
            isWhole = false;
            errors.WriteLine($"{view.Cluster}: {Said(place)}, cannot be read");
        }))
        {
            if (--limit < 0)
                break;
            string time = record.Time is { } at ? PrintedText.Time(at) : "-";
            output.WriteLine(PrintedText.Line(
                $"{record.Position} {time} {record.Kind} db={record.Database} points={record.Points} "
                + $"bytes={record.Bytes} client={record.Client} {record.Method} {record.Target}"
                + (record.Authorization is null ? "" : $" authorization={record.Authorization}")
                + $" | {record.Sample}"));
        }
        return isWhole;
    }

    /// <summary>One gap a line; false when the ledger cannot be read.</summary>
    private static bool Gaps(MirrorJournalView view, TextWriter output, TextWriter errors)
    {
        if (view.GapsFault is { } fault)
        {
            errors.WriteLine(PrintedText.Line($"{view.Cluster}: {fault}"));
            return false;
        }
        output.WriteLine($"{view.Cluster}: gaps: {view.Gaps.Count}");
        foreach (Gap gap in view.Gaps)
            output.WriteLine(PrintedText.Line(
                $"  {gap.Destination}  db={gap.Database} rp={gap.RetentionPolicy ?? "(default)"}  {gap.Points} point(s)"
                + $" in {gap.Records} record(s) accepted {PrintedText.Time(gap.First)} to "
                + PrintedText.Time(gap.Last)));
        return true;
    }

    private static string Said(LogDamage place) =>
        $"{place.Kind} in {place.File} at {place.Offset}, {place.Length} bytes";

    private static void Show(JournalCursorView cursor, long tail, TextWriter output)
    {
        output.WriteLine(PrintedText.Line(
            $"  {cursor.Destination}: done up to {cursor.LowWaterMark} of {tail}"
            + $"{(cursor.NeedsResync ? ", NEEDS RESYNC" : "")}"));
        string[] runs = [.. cursor.Completed.Take(MaxRuns + 1).Select(static run => $"{run.From}-{run.To}")];
        if (runs.Length > 0)
        {
            output.WriteLine(
                $"    and {string.Join(", ", runs.Take(MaxRuns))}{(runs.Length > MaxRuns ? ", …" : "")}");
        }

        output.WriteLine(cursor.IsWithoutAccount
            ? "    no account"
            : $"    at position {cursor.Through}: accepted {cursor.Accepted}, delivered {cursor.Delivered}, pending "
                + $"{cursor.Pending}, rejected {cursor.Rejected}, dropped {cursor.Dropped}; backlog "
                + $"{cursor.PendingRecords} record(s), {PrintedText.Bytes(cursor.PendingBytes)}");
    }

    private static Option<long> FromOneOn(string name, string help, string description, long usual)
    {
        Option<long> number = new(name)
        {
            Description = description,
            HelpName = help,
            DefaultValueFactory = _ => usual,
        };
        number.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long>() < 1)
                result.AddError($"{name} is a number from 1 on.");
        });
        return number;
    }

    private static Argument<string> Folder() => new("DIR")
    {
        Description = "The folder of one journal, or the one that holds them; without it the configuration says where.",
        DefaultValueFactory = _ => "",
    };

    private static int Run(
        ParseResult parsed, Option<string> file, Argument<string> folder,
        Func<MirrorJournalView, TextWriter, TextWriter, bool> show)
    {
        TextWriter output = parsed.InvocationConfiguration.Output, errors = parsed.InvocationConfiguration.Error;
        string path = parsed.GetValue(folder)!;
        bool isNamed = path.Length > 0;
        if (!isNamed && !TryFind(parsed.GetValue(file)!, errors, out path))
            return ExitCode.Refused;
        if (!Directory.Exists(path))
        {
            errors.WriteLine($"gateway: there is no folder {path}");
            return ExitCode.Refused;
        }
        try
        {
            IReadOnlyList<string> folders = MirrorJournalView.FoldersIn(path);
            if (folders.Count == 0)
            {
                // A gateway that has not run yet has none; who names a folder means one.
                (isNamed ? errors : output).WriteLine($"no journal in {path}");
                return isNamed ? ExitCode.Failed : ExitCode.Ok;
            }
            bool isWell = true;
            foreach (string one in folders)
                isWell &= show(new MirrorJournalView(one), output, errors);
            return isWell ? ExitCode.Ok : ExitCode.Failed;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"gateway: {fault.Message}");
            return ExitCode.Failed;
        }
    }

    private static bool TryFind(string file, TextWriter errors, out string folder)
    {
        folder = "";
        SettingsSource source = new(file, SettingsLayers.Environment());
        SettingsReading reading = source.Read(source.Fetch());
        if (reading.Settings is not { } settings)
        {
            foreach (ConfigFault fault in reading.Faults)
                errors.WriteLine($"{source.FilePath}: {fault}");
            return false;
        }
        JournalOptions journal = settings.Mirror.Journal;
        if (journal.Durability == Durability.Memory)
        {
            errors.WriteLine($"{source.FilePath}: the journal is in memory (Mirror:Journal:Durability)");
            return false;
        }
        folder = Path.Combine(source.Folder, journal.Directory);
        return true;
    }
}
