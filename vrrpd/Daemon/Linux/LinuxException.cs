using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;

namespace Vrrp.Daemon.Linux;

/// <summary>The kernel refused a call.</summary>
/// <param name="call">What was asked for.</param>
/// <param name="errno">Why not.</param>
internal sealed class LinuxException(string call, int errno) : IOException($"{call}: {Text(errno)}")
{
    /// <summary>Why not.</summary>
    public int Errno => errno;

    /// <summary>The kernel's words for an error number.</summary>
    public static string Text(int errno) => new Win32Exception(errno).Message;

    /// <summary>Throws when a call returned -1; else returns what it returned.</summary>
    public static int ThrowIfFailed(int result, string call)
    {
        if (result < 0)
            Throw(call);
        return result;
    }

    [DoesNotReturn]
    private static void Throw(string call) => throw new LinuxException(call, Libc.Errno);
}
