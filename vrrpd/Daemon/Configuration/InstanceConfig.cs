using System.Collections.Immutable;

namespace Vrrp.Daemon.Configuration;

/// <summary>One virtual router with what the state machine does not need to know. Immutable.</summary>
public sealed record InstanceConfig
{
    /// <summary>The state machine's configuration; <see cref="RouterConfigRules"/> finds no fault in it.</summary>
    public required RouterConfig Router { get; init; }

    /// <summary>The name, as in logs and metrics.</summary>
    public string Name => Router.Name;

    /// <summary>Network interface of the advertisements; it is always tracked.</summary>
    public required string Interface { get; init; }

    /// <summary>
    /// The advertised addresses and then the excluded ones: what <see cref="RouterConfig.VirtualAddresses"/> and
    /// <see cref="RouterConfig.ExcludedAddresses"/> have, in that order, and where they go.
    /// </summary>
    public required ImmutableArray<VirtualAddress> Addresses { get; init; }

    /// <summary>Address to send from; null: the first of the interface that is no virtual one.</summary>
    public Address? SourceAddress { get; init; }

    /// <summary>What feeds <see cref="RouterConfig.Tracked"/>, place by place.</summary>
    public ImmutableArray<TrackedSource> Tracked { get; init; } = [];

    /// <summary>Whether a check has a say here.</summary>
    public bool Tracks(CheckConfig check) => Tracked.Contains(new TrackedSource(TrackedKind.Check, check.Name));

    /// <summary>How the peer's health is asked; null: it is not.</summary>
    public HttpCheckConfig? PeerCheck { get; init; }

    /// <summary>Commands run when the state changes.</summary>
    public NotifyConfig Notify { get; init; } = NotifyConfig.None;
}

/// <summary>An address and where it goes.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Its prefix as configured; 32 or 128 where none was.</param>
/// <param name="Device">The interface to put it on.</param>
/// <param name="KeepPrefix">
/// Whether the prefix is kept even where the interface has an address of the same subnet. Otherwise such an address is
/// added as /32 or /128, because a lease that ends may take the subnet's other addresses with it.
/// </param>
public readonly record struct VirtualAddress(Address Address, int PrefixLength, string Device, bool KeepPrefix)
{
    /// <summary>The address with its prefix.</summary>
    public override string ToString() => $"{Address}/{PrefixLength}";
}

/// <summary>What a tracked item is.</summary>
public enum TrackedKind : byte
{
    /// <summary>A check.</summary>
    Check,

    /// <summary>A network interface.</summary>
    Interface,
}

/// <summary>What a tracked item is, and its name.</summary>
/// <param name="Kind">Check or interface.</param>
/// <param name="Name">Name of the check (it exists) or of the interface (it may appear later).</param>
public readonly record struct TrackedSource(TrackedKind Kind, string Name);
