using Microsoft.Extensions.Logging;

namespace InfluxMirror.Telemetry;

/// <summary>Every message the mirror logs. None of them ever holds a query string, a header or a credential.</summary>
internal static partial class MirrorLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Cluster}/{Destination} does not answer: {Failure}")]
    public static partial void DestinationFails(ILogger log, string cluster, string destination, string failure);

    [LoggerMessage(2, LogLevel.Information, "{Cluster}/{Destination} answers again")]
    public static partial void DestinationAnswers(ILogger log, string cluster, string destination);

    [LoggerMessage(3, LogLevel.Error, "{Cluster}/{Destination}: a request could not be made; it is tried again")]
    public static partial void SendFault(ILogger log, Exception fault, string cluster, string destination);

    [LoggerMessage(4, LogLevel.Warning,
        "{Cluster}/{Destination}: {Records} record(s) for database '{Database}' parked: {Error}")]
    public static partial void Parked(
        ILogger log, string cluster, string destination, string database, int records, string error);

    [LoggerMessage(5, LogLevel.Warning,
        "{Cluster}/{Destination}: dead letter of {Points} point(s) from {Client} for database '{Database}': {Reason}")]
    public static partial void DeadLetter(
        ILogger log, string cluster, string destination, string client, string database, int points, string reason);

    [LoggerMessage(6, LogLevel.Error,
        "{Cluster}/{Destination}: a record from {Client} for database '{Database}' is set aside: {Reason}")]
    public static partial void SetAside(
        ILogger log, string cluster, string destination, string client, string database, string reason);

    [LoggerMessage(7, LogLevel.Error,
        "{Cluster}/{Destination}: the journal is full; {Records} record(s) of {Bytes} bytes dropped. "
        + "The destination needs a resync and serves no reads until it is declared in sync")]
    public static partial void Dropped(ILogger log, string cluster, string destination, int records, long bytes);

    [LoggerMessage(8, LogLevel.Warning, "{Cluster}: the journal is full ({Bytes} bytes); writes are refused")]
    public static partial void Full(ILogger log, string cluster, long bytes);

    [LoggerMessage(9, LogLevel.Information, "{Cluster}/{Destination} is delivered to at {Address}")]
    public static partial void DestinationAdded(ILogger log, string cluster, string destination, string address);

    [LoggerMessage(10, LogLevel.Warning,
        "{Cluster}/{Destination} is no longer a destination; {Points} point(s) were still waiting for it")]
    public static partial void DestinationRemoved(ILogger log, string cluster, string destination, long points);

    [LoggerMessage(11, LogLevel.Warning,
        "{Cluster}: destinations disagree about a request from {Client} for database '{Database}': "
        + "{Destination} says {Error}")]
    public static partial void Divergence(
        ILogger log, string cluster, string client, string database, string destination, string error);

    [LoggerMessage(12, LogLevel.Error, "{Method} {Path} failed inside the gateway")]
    public static partial void RequestFault(ILogger log, Exception fault, string method, string path);

    [LoggerMessage(13, LogLevel.Information, "{Cluster}/{Destination} is fit for reads")]
    public static partial void FitForReads(ILogger log, string cluster, string destination);

    [LoggerMessage(14, LogLevel.Warning, "{Cluster}/{Destination} is not fit for reads: {Reason}")]
    public static partial void UnfitForReads(ILogger log, string cluster, string destination, string reason);

    [LoggerMessage(15, LogLevel.Information,
        "{Cluster}/{Destination}: {Messages} message(s) like the next were not logged")]
    public static partial void Held(ILogger log, string cluster, string destination, int messages);

    [LoggerMessage(100, LogLevel.Information,
        "UDP {Listener} takes line protocol at {EndPoint} for database '{Database}'; receive buffer {Bytes} bytes")]
    public static partial void UdpListening(
        ILogger log, string listener, string endPoint, string database, int bytes);

    [LoggerMessage(101, LogLevel.Warning,
        "UDP {Listener}: the kernel grants a receive buffer of {Granted} bytes, not {Wanted}: raise the sysctl "
        + "net.core.rmem_max, or give the process CAP_NET_ADMIN")]
    public static partial void UdpReadBuffer(ILogger log, string listener, int granted, int wanted);

    [LoggerMessage(102, LogLevel.Warning,
        "UDP {Listener}: {Lines} line(s) from {Client} refused: {Error}; {Held} message(s) like this were not logged")]
    public static partial void UdpRefused(
        ILogger log, string listener, int lines, string client, string error, int held);

    [LoggerMessage(103, LogLevel.Error,
        "UDP {Listener}: datagrams could not be read or kept; {Held} message(s) like this were not logged")]
    public static partial void UdpFault(ILogger log, Exception fault, string listener, int held);
}
