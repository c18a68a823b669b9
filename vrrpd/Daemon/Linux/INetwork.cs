namespace Vrrp.Daemon.Linux;

/// <summary>
/// What the loop needs of the kernel; a test puts a fake in its place. All but <see cref="Wake"/> is called by the
/// loop's thread alone, nothing throws once it is made, and nothing allocates while interfaces stay as they are.
/// </summary>
internal interface INetwork
{
    /// <summary>The interfaces and their addresses, kept up to date by <see cref="TryReceive"/>.</summary>
    InterfaceTable Interfaces { get; }

    /// <summary>Sleeps until something came, <see cref="Wake"/> was called, or the time is over.</summary>
    /// <param name="micros">Microseconds; 0 or less does not sleep.</param>
    void Wait(long micros);

    /// <summary>Ends the sleep, or the next one; from any thread.</summary>
    void Wake();

    /// <summary>Takes the next thing that came; false when there is nothing left.</summary>
    bool TryReceive(out Received received);

    /// <summary>
    /// Says what is listened to: advertisements of a family on an interface, by multicast or not. What is not named
    /// any more is closed.
    /// </summary>
    /// <returns>0, or the error of the first that could not be opened.</returns>
    int Listen(IReadOnlyCollection<Listening> wanted);

    /// <summary>Sends a VRRP message.</summary>
    /// <returns>0 or the error number.</returns>
    int SendAdvert(int interfaceIndex, ReadOnlySpan<byte> message, Address source, Address destination);

    /// <summary>Sends an Ethernet frame.</summary>
    /// <returns>0 or the error number.</returns>
    int SendFrame(int interfaceIndex, ReadOnlySpan<byte> frame);

    /// <summary>Puts an address on an interface, or prolongs it.</summary>
    /// <returns>0 or the error number.</returns>
    int SetAddress(int interfaceIndex, Address address, int prefixLength, int leaseSeconds);

    /// <summary>
    /// Keeps the other addresses of a subnet when the oldest one goes, which a leased address may become.
    /// </summary>
    void PromoteSecondaries(string interfaceName);

    /// <summary>Takes an address from an interface.</summary>
    /// <returns>0 or the error number.</returns>
    int DeleteAddress(int interfaceIndex, Address address, int prefixLength);
}

/// <summary>What is listened to.</summary>
/// <param name="InterfaceIndex">The interface.</param>
/// <param name="Family">The family.</param>
/// <param name="IsMulticast">Whether to join the multicast group.</param>
internal readonly record struct Listening(int InterfaceIndex, IpFamily Family, bool IsMulticast);
