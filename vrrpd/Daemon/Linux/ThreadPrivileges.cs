using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>
/// Takes privileges from the calling thread alone, by the kernel's own calls: what the thread starts has no more. The
/// C library would change all threads. A thread that did this must end afterwards.
/// </summary>
internal static unsafe class ThreadPrivileges
{
    private const int AmbientCapabilities = 47;
    private const int ClearAll = 4;
    private const int DropFromBoundingSet = 24;
    private const int CapabilityCount = 64;

    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>What is started from now on has no capabilities, not even as root.</summary>
    public static void DropCapabilities()
    {
        _ = Libc.ThreadControl(AmbientCapabilities, ClearAll, 0, 0, 0);
        // Fails without CAP_SETPCAP; then there is no root whose capabilities it would take.
        for (nuint capability = 0; capability < CapabilityCount; capability++)
            _ = Libc.ThreadControl(DropFromBoundingSet, capability, 0, 0, 0);
    }

    /// <summary>What is started from now on runs as the account.</summary>
    /// <returns>0 or the error number.</returns>
    public static int Become(Account account)
    {
        // What it is already, it need not be permitted to become.
        if (account.User == Libc.GetEffectiveUser() && account.Group == Libc.GetEffectiveGroup())
            return 0;
        fixed (uint* groups = account.Groups)
        {
            if (Libc.SystemCall(IsX64 ? 116 : 159, account.Groups.Length, (nint)groups, 0) < 0)
                return Libc.Errno;
        }

        nint group = (nint)account.Group;
        if (Libc.SystemCall(IsX64 ? 119 : 149, group, group, group) < 0)
            return Libc.Errno;
        if (account.User is not { } id)
            return 0;
        nint user = (nint)id;
        return Libc.SystemCall(IsX64 ? 117 : 147, user, user, user) < 0 ? Libc.Errno : 0;
    }
}
