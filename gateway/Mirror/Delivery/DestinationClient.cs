using System.Net;

namespace InfluxMirror.Delivery;

/// <summary>How far a request got that was not answered.</summary>
internal enum NoAnswer
{
    /// <summary>It was answered.</summary>
    None,

    /// <summary>No connection came about: the destination has seen nothing.</summary>
    NotConnected,

    /// <summary>
    /// The connection broke after the request was on its way: the destination may have vanished over it.
    /// </summary>
    Lost,

    /// <summary>The time was up.</summary>
    TimedOut,
}

/// <summary>What came of one attempt.</summary>
internal sealed record SendResult
{
    /// <summary>The answer; null when there was none.</summary>
    public DestinationAnswer? Answer { get; init; }

    /// <summary>Why there was none.</summary>
    public NoAnswer NoAnswer { get; init; }

    /// <summary>The failure in words, for logs; null when there was an answer.</summary>
    public string? Failure { get; init; }

    /// <summary>It failed so often with these records that they themselves may be the reason.</summary>
    public bool IsSuspect { get; init; }

    /// <summary>The destination was gone after it had begun to read these records.</summary>
    public bool Vanished { get; init; }

    /// <summary>How long the destination asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What it means for the records.</summary>
    public Verdict Verdict { get; init; } = new(VerdictKind.Retry);
}

/// <summary>Sends batches to one destination over HTTP/1.1, with YARP's client of the cluster.</summary>
internal static class DestinationClient
{
    /// <summary>
    /// Bytes of an error answer that are kept; of a statement's answer see <see cref="StatementLimit"/>.
    /// </summary>
    private const int ErrorLimit = 64 * 1024;

    /// <summary>Bytes of a statement's answer that are kept for its client.</summary>
    private const int StatementLimit = 64 * 1024 * 1024;

    private static readonly DestinationAnswer NoContent = new(204, default, []);

    /// <summary>One attempt. Failures of the network are results; only cancellation is thrown.</summary>
    public static async Task<SendResult> SendAsync(
        HttpMessageInvoker invoker, Uri address, Batch batch, CancellationToken cancellation)
    {
        using var request = Request(address, batch);
        try
        {
            using var response = await invoker.SendAsync(request, cancellation).ConfigureAwait(false);
            return await ResultAsync(response, batch.First.Kind, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (TransportFailure.HowFar(failure) is { } noAnswer)
        {
            // Whatever the network did then, it was called off: that says nothing about the records.
            cancellation.ThrowIfCancellationRequested();
            return new SendResult { NoAnswer = noAnswer, Failure = TransportFailure.Describe(failure) };
        }
        catch (HttpRequestException unsendable)
        {
            // Nothing of it went out: a header that HTTP cannot carry. It will never go out.
            return new SendResult
            {
                Answer = DestinationAnswer.OfError(400, $"the request cannot be passed on: {unsendable.Message}"),
                Verdict = new(VerdictKind.Rejected),
            };
        }
    }

    /// <summary>
    /// Asks whether anybody is there, by <c>/ping</c>: null if so, else why not. A proxy answers 5xx in the place of a
    /// server that has gone. Only cancellation is thrown.
    /// </summary>
    public static async Task<string?> PingAsync(
        HttpMessageInvoker invoker, Uri address, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Get, address, "/ping");
        try
        {
            using var response = await invoker.SendAsync(request, cancellation).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            return status < 500 ? null : $"it answers /ping with {status}";
        }
        catch (Exception failure) when (TransportFailure.HowFar(failure) is not null)
        {
            cancellation.ThrowIfCancellationRequested();
            return TransportFailure.Describe(failure);
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, Uri address, string pathAndQuery) =>
        new(method, Resolve(address, pathAndQuery))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    private static HttpRequestMessage Request(Uri address, Batch batch)
    {
        var first = batch.First;
        var request = Request(first.Method, address, first.Target.PathAndQuery);
        request.Content = batch.Content();
        if (first.Target.Authorization is { } authorization)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (first.Accept is { } accept)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }

    /// <summary>The client's path and query, byte for byte, below the destination's address.</summary>
    private static Uri Resolve(Uri address, string pathAndQuery)
    {
        var root = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        var verbatim = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        return new Uri(root + pathAndQuery, verbatim);
    }

    private static async Task<SendResult> ResultAsync(
        HttpResponseMessage response, RecordKind kind, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (kind == RecordKind.Write && status == 204)
            return new SendResult { Answer = WithVersion(response), Verdict = new(VerdictKind.Delivered) };

        var limit = status is >= 200 and < 300 && kind != RecordKind.Write ? StatementLimit : ErrorLimit;
        var (body, complete) = await ReadAsync(response.Content, limit, cancellation).ConfigureAwait(false);
        if (kind == RecordKind.Statement && status == 200 && StatementErrors.FindPassing(body) is { } passing)
            return new SendResult { Answer = DestinationAnswer.OfError(503, passing) };
        var answer = new DestinationAnswer(status, body, Passed(response));
        if (!complete && kind != RecordKind.Write && answer.IsSuccess)
            answer = TooLongToPassOn;
        return new SendResult
        {
            Answer = answer,
            Verdict = Verdict.Of(status, answer.Error),
            RetryAfter = response.Headers.RetryAfter?.Delta,
        };
    }

    /// <summary>The statement ran; only its answer cannot be handed on.</summary>
    private static DestinationAnswer TooLongToPassOn { get; } = new(
        200,
        """
        {"error":"executed, but the answer exceeds 64 MiB and was not kept; send what only reads in a query of its own"}
        """u8.ToArray(),
        [new("Content-Type", "application/json")]);

    private static DestinationAnswer WithVersion(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("X-Influxdb-Version", out var version)
            ? VersionedNoContent.Get(version.ToString())
            : NoContent;

    private static List<KeyValuePair<string, string>> Passed(HttpResponseMessage response)
    {
        var passed = new List<KeyValuePair<string, string>>();
        foreach (var name in DestinationAnswer.PassedHeaders)
        {
            if (response.Headers.NonValidated.TryGetValues(name, out var values) ||
                response.Content.Headers.NonValidated.TryGetValues(name, out values))
                passed.Add(new(name, values.ToString()));
        }

        return passed;
    }

    private static async Task<(byte[] Body, bool Complete)> ReadAsync(
        HttpContent content, int limit, CancellationToken cancellation)
    {
        using var stream = await content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var kept = new MemoryStream();
        var block = new byte[8192];
        int read;
        while ((read = await stream.ReadAsync(block, cancellation).ConfigureAwait(false)) > 0)
        {
            if (kept.Length + read > limit)
                return (kept.ToArray(), false);
            kept.Write(block, 0, read);
        }

        return (kept.ToArray(), true);
    }

    /// <summary>The usual answer to a write, one object for each version of InfluxDB seen.</summary>
    private static class VersionedNoContent
    {
        private static DestinationAnswer _last = NoContent;

        public static DestinationAnswer Get(string version)
        {
            var last = _last;
            if (last.Headers.Count == 1 && last.Headers[0].Value == version)
                return last;
            return _last = new DestinationAnswer(204, default, [new("X-Influxdb-Version", version)]);
        }
    }
}
