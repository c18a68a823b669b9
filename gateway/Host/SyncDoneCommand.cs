using System.CommandLine;

namespace Gateway;

/// <summary>
/// <c>gateway sync-done</c>: the operator's word that a destination has what the others have, by the management
/// listener of a running gateway.
/// </summary>
internal static class SyncDoneCommand
{
    public static Command Build()
    {
        ManagementAccess access = new();
        Argument<string> id = new("ID") { Description = "The destination." };
        Command command = new("sync-done", "Declare that a destination holds what the others hold.") { id };
        access.AddTo(command);
        command.SetAction((parsed, stop) => access.AskAsync(
            parsed, http => DeclareAsync(http, parsed.GetRequiredValue(id), parsed, stop), stop));
        return command;
    }

    private static async Task<int> DeclareAsync(
        HttpClient http, string id, ParseResult parsed, CancellationToken stop)
    {
        using HttpResponseMessage answer = await http.PostAsync(
            $"/destinations/{Uri.EscapeDataString(id)}/sync-done", null, stop);
        await ManagementAccess.DemandAsync(answer, stop);
        parsed.InvocationConfiguration.Output.WriteLine(
            PrintedText.Line($"{id} holds what the others hold: it serves reads, and its gaps are forgotten"));
        return ExitCode.Ok;
    }
}
