using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gateway.Listeners;

/// <summary>Whether the other side of a connection has ended it; the framework cannot say so without reading.</summary>
internal static partial class HangUp
{
    // poll(2): POLLRDHUP; POLLERR, POLLHUP and POLLNVAL are told unasked.
    private const short PeerClosed = 0x2000;
    private const short Broken = 0x08 | 0x10 | 0x20;

    /// <summary>Looks at once; what was received and not read yet stays and makes no difference.</summary>
    public static bool IsSeenOn(Socket socket)
    {
        var isHeld = false;
        try
        {
            socket.SafeHandle.DangerousAddRef(ref isHeld);
            PollDescriptor descriptor = new()
            {
                Descriptor = (int)socket.SafeHandle.DangerousGetHandle(),
                Events = PeerClosed,
            };
            return Poll(ref descriptor, 1, 0) > 0 && (descriptor.Seen & (PeerClosed | Broken)) != 0;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
        finally
        {
            if (isHeld)
                socket.SafeHandle.DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollDescriptor descriptor, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Seen;
    }
}
