namespace Gateway.Listeners;

/// <summary>
/// Marks a connection that was accepted by the management listener. Set when the connection is made, so that nothing
/// a request says (its Host header least of all) can make it one.
/// </summary>
internal sealed class ManagementConnection
{
    public static ManagementConnection Instance { get; } = new();
}
