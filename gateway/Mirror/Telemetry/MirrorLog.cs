using Microsoft.Extensions.Logging;

namespace InfluxMirror.Telemetry;

/// <summary>Every message the mirror logs. None of them ever holds a query string, a header or a credential.</summary>
internal static partial class MirrorLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Cluster}/{Destination} does not answer: {Failure}")]
    public static partial void DestinationFails(ILogger log, string cluster, string destination, string failure);

    [LoggerMessage(2, LogLevel.Information, "{Cluster}/{Destination} answers again")]
    public static partial void DestinationAnswers(ILogger log, string cluster, string destination);

    [LoggerMessage(3, LogLevel.Error,
        "{Cluster}/{Destination}: work for it failed inside the gateway; it is tried again")]
    public static partial void SendFault(ILogger log, Exception fault, string cluster, string destination);

    [LoggerMessage(4, LogLevel.Warning,
        "{Cluster}/{Destination}: {Records} record(s) for database '{Database}' parked: {Error}")]
    public static partial void Parked(
        ILogger log, string cluster, string destination, string database, int records, string error);

    [LoggerMessage(5, LogLevel.Warning,
        "{Cluster}/{Destination}: dead letter from {Client} for database '{Database}', {Rejected} of {Points} point(s) "
        + "not stored: {Reason}")]
    public static partial void DeadLetter(
        ILogger log, string cluster, string destination, string client, string database, int rejected, int points,
        string reason);

    [LoggerMessage(6, LogLevel.Error,
        "{Cluster}/{Destination}: a record from {Client} for database '{Database}' is set aside: {Reason}")]
    public static partial void SetAside(
        ILogger log, string cluster, string destination, string client, string database, string reason);

    [LoggerMessage(7, LogLevel.Error,
        "{Cluster}/{Destination}: the journal is full; {Records} record(s) of {Bytes} bytes dropped. "
        + "The destination needs a resync and serves no reads until it is declared in sync (gateway sync-done)")]
    public static partial void Dropped(ILogger log, string cluster, string destination, int records, long bytes);

    [LoggerMessage(24, LogLevel.Error,
        "{Cluster}/{Destination}: records that others have are dropped, up to position {Position}: {Reason}. "
        + "The destination needs a resync and serves no reads until it is declared in sync (gateway sync-done)")]
    public static partial void DroppedThrough(
        ILogger log, string cluster, string destination, long position, string reason);

    [LoggerMessage(8, LogLevel.Warning, "{Cluster}: the journal takes no records now: {Reason}; writes get 503")]
    public static partial void Refused(ILogger log, string cluster, string reason);

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

    [LoggerMessage(16, LogLevel.Information,
        "{Cluster}: journal in {Folder}, positions up to {Tail}, {Bytes} bytes of records on disk")]
    public static partial void JournalOpened(ILogger log, string cluster, string folder, long tail, long bytes);

    [LoggerMessage(17, LogLevel.Error,
        "{Cluster}/{Destination}: {Kind} in {File} at {Offset}, {Length} bytes, cannot be read: what was there is lost "
        + "to this destination")]
    public static partial void JournalDamaged(
        ILogger log, string cluster, string destination, string kind, string file, long offset, long length);

    [LoggerMessage(18, LogLevel.Error, "{Cluster}/{Destination}: the journal cannot be read now: {Reason}")]
    public static partial void JournalUnreadable(ILogger log, string cluster, string destination, string reason);

    [LoggerMessage(19, LogLevel.Error,
        "{Cluster}/{Destination}: its progress cannot be saved; after a restart some records are sent again: {Reason}")]
    public static partial void NotSaved(ILogger log, string cluster, string destination, string reason);

    [LoggerMessage(20, LogLevel.Error,
        "{Cluster}/{Destination}: {Points} point(s) that waited when the gateway ended are not in the journal. "
        + "They count as dropped, and the destination needs a resync")]
    public static partial void Lost(ILogger log, string cluster, string destination, long points);

    [LoggerMessage(21, LogLevel.Warning, "{Cluster}: {News}")]
    public static partial void JournalNews(ILogger log, string cluster, string news);

    [LoggerMessage(22, LogLevel.Warning,
        "{Cluster}: {Kind} in {File} at {Offset}, {Length} bytes, found at the start: it cannot be read")]
    public static partial void JournalDamageFound(
        ILogger log, string cluster, string kind, string file, long offset, long length);

    [LoggerMessage(23, LogLevel.Warning,
        "{Cluster}/{Destination}: {Reason}: it needs a resync, and serves no reads until it is declared in sync "
        + "(gateway sync-done)")]
    public static partial void NeedsResync(ILogger log, string cluster, string destination, string reason);

    [LoggerMessage(25, LogLevel.Error,
        "{Cluster}: the disk does not come back, and the gateway ends without it. {Records} record(s) are not on it: "
        + "nobody was told that they are safe, unless every destination has them. What was delivered since progress "
        + "was saved is sent again")]
    public static partial void EndedWithoutDisk(ILogger log, string cluster, long records);

    [LoggerMessage(26, LogLevel.Warning,
        "The journal in {Folder} holds {Waiting}, and this gateway does not deliver it: {Remedy}remove the folder "
        + "when no other gateway has it (gateway journal shows what is in it)")]
    public static partial void JournalUnused(ILogger log, string folder, string waiting, string remedy);

    [LoggerMessage(27, LogLevel.Warning,
        "Whether journals in {Folder} hold something that this gateway does not deliver cannot be told: {Reason}")]
    public static partial void JournalsUnknown(ILogger log, string folder, string reason);

    [LoggerMessage(28, LogLevel.Information,
        "{Cluster}/{Destination}: {Points} point(s) that wait for it stay in the journal, and are delivered after the "
        + "next start")]
    public static partial void LeftOnDisk(ILogger log, string cluster, string destination, long points);

    [LoggerMessage(29, LogLevel.Warning,
        "{Cluster}/{Destination}: {Points} point(s) that waited for it are lost: the journal is in memory "
        + "(Mirror:Journal:Durability)")]
    public static partial void LeftInMemory(ILogger log, string cluster, string destination, long points);

    [LoggerMessage(30, LogLevel.Warning,
        "{Cluster}: the journal's disk has no room for another file: {Free} bytes are free, a file takes {FileBytes}, "
        + "and {ReserveBytes} are to be left (Mirror:Journal:ReservePercent). Little can be kept for a destination "
        + "that fails")]
    public static partial void ShortOfSpace(
        ILogger log, string cluster, long free, long fileBytes, long reserveBytes);

    [LoggerMessage(31, LogLevel.Information,
        "{Cluster}: the journal's disk has room for more files again: {Free} bytes are free")]
    public static partial void SpaceAgain(ILogger log, string cluster, long free);

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
