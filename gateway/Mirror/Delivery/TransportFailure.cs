namespace InfluxMirror.Delivery;

/// <summary>What an exception of the HTTP client says about how far a request got.</summary>
internal static class TransportFailure
{
    /// <summary>How far the request got; null when it could not be sent at all, to nobody, as it is.</summary>
    public static NoAnswer? HowFar(Exception? failure) => failure switch
    {
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
        } => NoAnswer.NotConnected,
        // So the handler says that a header has characters that HTTP cannot carry. All else comes of the connection,
        // and the same request may succeed on the next one.
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: null } => null,
        HttpRequestException or IOException => NoAnswer.Lost,
        // The connect timeout of the handler.
        OperationCanceledException => NoAnswer.NotConnected,
        _ => null,
    };

    /// <summary>The failure in words.</summary>
    public static string Describe(Exception failure) =>
        failure.InnerException is { } inner ? $"{failure.Message} ({inner.Message})" : failure.Message;
}
