using System.Globalization;
using InfluxMirror;
using InfluxMirror.Delivery;

namespace Gateway.Management;

/// <summary>
/// Dead letters: list, body, retry, drop. They hold what clients wrote, so that looking at them takes the same right as
/// changing something.
/// </summary>
internal sealed class LetterEndpoints(MirrorLetters letters)
{
    /// <summary>Paths that begin with this one are for this machine, or for whoever knows the token.</summary>
    public const string Root = "/letters";

    private const string OfLetter = Root + "/{cluster}/{id:long}";

    // How long a retry is waited for; it goes on by itself.
    private static readonly TimeSpan RetryPatience = TimeSpan.FromSeconds(10);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Root, List);
        endpoints.MapGet(OfLetter, BodyAsync);
        endpoints.MapPost(OfLetter + "/retry", RetryAsync);
        endpoints.MapDelete(OfLetter, DropAsync);
    }

    private IResult List(string? destination, string? database) =>
        Results.Json(letters.List(destination, database).Select(Describe));

    private async Task<IResult> BodyAsync(string cluster, long id)
    {
        if (letters.Find(cluster, id) is not { } letter)
            return Missing();
        MirroredRecord? record;
        try
        {
            record = await letters.ReadAsync(cluster, letter);
        }
        catch (IOException fault)
        {
            return Trouble(StatusCodes.Status503ServiceUnavailable, fault.Message);
        }
        if (record is null)
            return Trouble(StatusCodes.Status410Gone, "the letter cannot be read");
        return Results.Stream(
            async to =>
            {
                try
                {
                    await RecordText.WriteBodyAsync(record, to, CancellationToken.None);
                }
                finally
                {
                    record.Body.Release();
                }
            },
            record.Kind == RecordKind.Raw ? "application/octet-stream" : "text/plain; charset=utf-8");
    }

    private async Task<IResult> RetryAsync(string cluster, long id)
    {
        RetryOutcome outcome;
        string? reason;
        try
        {
            (outcome, reason) = await letters.RetryAsync(cluster, id, RetryPatience);
        }
        catch (IOException fault)
        {
            return Trouble(StatusCodes.Status503ServiceUnavailable, fault.Message);
        }
        (int status, string said) = outcome switch
        {
            RetryOutcome.Delivered => (StatusCodes.Status200OK, "delivered"),
            RetryOutcome.UnderWay => (StatusCodes.Status202Accepted, "under way: it waits for its turn"),
            RetryOutcome.Refused => (StatusCodes.Status409Conflict, "refused again"),
            RetryOutcome.NoDestination => (StatusCodes.Status409Conflict, "its destination is not there now"),
            RetryOutcome.Missing => (StatusCodes.Status404NotFound, "there is no such letter"),
            RetryOutcome.NotRemoved =>
                (StatusCodes.Status503ServiceUnavailable, "delivered, but the letter could not be removed"),
            _ => (StatusCodes.Status410Gone, "the letter cannot be read"),
        };
        return Results.Json(new { outcome = said, reason }, statusCode: status);
    }

    private async Task<IResult> DropAsync(string cluster, long id) => await letters.DropAsync(cluster, id) switch
    {
        DropOutcome.Dropped => Results.NoContent(),
        DropOutcome.Missing => Missing(),
        DropOutcome.Busy => Trouble(StatusCodes.Status409Conflict, "it is being sent"),
        _ => Trouble(StatusCodes.Status503ServiceUnavailable, "the disk fails: it may be back after a restart"),
    };

    private static LetterView Describe(ClusterLetter one) => new(
        one.Cluster, one.Letter.Id, one.Letter.Time.ToString("O", CultureInfo.InvariantCulture), one.Letter.Destination,
        one.Letter.Database, one.Letter.RetentionPolicy, one.Letter.Kind.ToString(), one.Letter.Points,
        one.Letter.Rejected, one.Letter.Client, one.Letter.Reason, one.Letter.Bytes, one.Letter.Sample, one.Retried);

    private static IResult Missing() => Trouble(StatusCodes.Status404NotFound, "there is no such letter");

    private static IResult Trouble(int status, string error) => Results.Json(new { error }, statusCode: status);
}

/// <summary>A dead letter in the list.</summary>
internal sealed record LetterView(
    string Cluster, long Id, string Time, string Destination, string Database, string? RetentionPolicy, string Kind,
    int Points, int Rejected, string Client, string Reason, int Bytes, string Sample, bool Retried);
