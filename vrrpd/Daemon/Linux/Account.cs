using System.Diagnostics.CodeAnalysis;

namespace Vrrp.Daemon.Linux;

/// <summary>A user and group to run as.</summary>
/// <param name="User">Number of the user; null: the daemon's.</param>
/// <param name="Group">Number of the group.</param>
/// <param name="Groups">All groups of the user.</param>
internal sealed record Account(uint? User, uint Group, uint[] Groups)
{
    private const int MaxGroups = 1024;
    private const int BufferLength = 64 * 1024;

    /// <summary>Finds an account by its names; false with what is wrong.</summary>
    /// <param name="user">Name of the user; null: the daemon's own.</param>
    /// <param name="group">Name of the group; null: the user's.</param>
    /// <param name="account">The account; null if neither was named.</param>
    /// <param name="fault">What is wrong, for people.</param>
    public static bool TryFind(
        string? user, string? group, out Account? account, [NotNullWhen(false)] out string? fault)
    {
        account = null;
        fault = null;
        if (user is null && group is null)
            return true;
        (uint Id, uint Group)? found = user is null ? null : FindUser(user);
        if (user is not null && found is null)
        {
            fault = $"there is no user {user}";
            return false;
        }

        uint? groupId = group is null ? found?.Group : FindGroup(group);
        if (groupId is not { } id)
        {
            fault = $"there is no group {group}";
            return false;
        }

        account = new(found?.Id, id, user is null ? [id] : GroupsOf(user, id));
        return true;
    }

    // struct passwd: name 8, password 8, user 4, group 4, and more.
    private static unsafe (uint Id, uint Group)? FindUser(string name)
    {
        byte* entry = stackalloc byte[256];
        byte[] buffer = new byte[BufferLength];
        void* found = null;
        fixed (byte* pointer = buffer)
        {
            if (Libc.GetUser(name, entry, pointer, BufferLength, &found) != 0 || found == null)
                return null;
        }

        return (*(uint*)(entry + 16), *(uint*)(entry + 20));
    }

    // struct group: name 8, password 8, group 4, members 8.
    private static unsafe uint? FindGroup(string name)
    {
        byte* entry = stackalloc byte[256];
        byte[] buffer = new byte[BufferLength];
        void* found = null;
        fixed (byte* pointer = buffer)
        {
            if (Libc.GetGroup(name, entry, pointer, BufferLength, &found) != 0 || found == null)
                return null;
        }

        return *(uint*)(entry + 16);
    }

    private static unsafe uint[] GroupsOf(string user, uint group)
    {
        uint[] groups = new uint[MaxGroups];
        int count = MaxGroups;
        fixed (uint* pointer = groups)
            _ = Libc.GetGroups(user, group, pointer, &count);
        return groups[..Math.Min(count, MaxGroups)];
    }
}
