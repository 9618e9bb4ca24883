using System.Net;
using System.Runtime.InteropServices;

namespace Waybill.Bench.Load;

/// <summary>The system calls of the load loop. Linux only; every descriptor is non-blocking.</summary>
internal static unsafe partial class Libc
{
    public const uint EpollIn = 1;
    public const uint EpollOut = 4;
    public const int Add = 1;
    public const int Modify = 3;
    public const int TryAgain = 11;
    public const int InProgress = 115;

    private const int Internet = 2;
    private const int StreamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000;
    private const int NoSignal = 0x4000;

    // struct epoll_event is packed on x86-64 and nowhere else.
    public static readonly int EventOctets = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int EventDataOffset = EventOctets - 8;

    /// <summary>What an event tells: its descriptor's tag and what is ready.</summary>
    public static (uint Ready, int Tag) Event(byte* events, int index)
    {
        var at = events + index * EventOctets;
        return (*(uint*)at, *(int*)(at + EventDataOffset));
    }

    public static int Watch(int epoll, int operation, int descriptor, uint what, int tag)
    {
        var octets = stackalloc byte[16];
        *(uint*)octets = what;
        *(long*)(octets + EventDataOffset) = tag;
        return EpollControl(epoll, operation, descriptor, octets);
    }

    /// <summary>A TCP socket that does not wait to fill a segment; negative on failure.</summary>
    public static int StreamSocket()
    {
        var descriptor = Socket(Internet, StreamNonBlockingCloseOnExec, 0);
        if (descriptor >= 0)
        {
            NoDelay(descriptor);
        }

        return descriptor;
    }

    public static void NoDelay(int descriptor)
    {
        var one = 1;
        _ = SetOption(descriptor, 6, 1, &one, sizeof(int));
    }

    public static void ReuseAddress(int descriptor)
    {
        var one = 1;
        _ = SetOption(descriptor, 1, 2, &one, sizeof(int));
    }

    public static int Connect(int descriptor, IPEndPoint to)
    {
        var octets = stackalloc byte[16];
        Write(octets, to);
        return Connect(descriptor, octets, 16);
    }

    public static int Bind(int descriptor, IPEndPoint at)
    {
        var octets = stackalloc byte[16];
        Write(octets, at);
        return Bind(descriptor, octets, 16);
    }

    public static int Accept(int listener) => Accept(listener, null, null, StreamNonBlockingCloseOnExec & ~1);

    public static nint Send(int descriptor, byte* octets, nint length) => Send(descriptor, octets, length, NoSignal);

    public static nint Receive(int descriptor, byte* octets, nint length) => Receive(descriptor, octets, length, 0);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int descriptor, int backlog);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    public static partial nint WriteVector(int descriptor, Piece* pieces, int count);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int epoll, int operation, int descriptor, byte* what);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static partial int SetOption(int descriptor, int level, int name, int* value, uint length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept(int listener, byte* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int descriptor, byte* octets, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int descriptor, byte* octets, nint length, int flags);

    // struct sockaddr_in: family in host order, port and address in network order.
    private static void Write(byte* octets, IPEndPoint endPoint)
    {
        var address = new Span<byte>(octets, 16);
        address.Clear();
        *(ushort*)octets = Internet;
        octets[2] = (byte)(endPoint.Port >> 8);
        octets[3] = (byte)endPoint.Port;
        endPoint.Address.TryWriteBytes(address[4..], out _);
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Piece
    {
        public byte* Octets;
        public nint Length;
    }
}
