using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Waybill.Bench.Load;

/// <summary>What source and sink find out, in a file that both have mapped: a head of counters and three instants for each message.</summary>
/// <remarks>Instants are CLOCK_MONOTONIC nanoseconds, the same in both processes; 0 means "not yet". Each field has one writer.</remarks>
internal sealed unsafe class ResultFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private ResultFile(MemoryMappedFile file)
    {
        _file = file;
        _view = file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public ref Head Counters => ref *(Head*)_start;

    public long Messages => Counters.Messages;

    /// <summary>The instants of a message; <paramref name="sequence"/> is not checked.</summary>
    public ref Instants this[long sequence] => ref ((Instants*)(_start + sizeof(Head)))[sequence];

    /// <summary>Makes a new file for a number of messages, over an old one if there is one.</summary>
    public static ResultFile Create(string path, long messages)
    {
        File.Delete(path);
        var file = new ResultFile(MemoryMappedFile.CreateFromFile(path, FileMode.CreateNew, null, sizeof(Head) + messages * sizeof(Instants)));
        file.Counters.Messages = messages;
        return file;
    }

    /// <exception cref="FileNotFoundException">There is none; <see cref="Create"/> makes it.</exception>
    public static ResultFile Open(string path) => new(MemoryMappedFile.CreateFromFile(path, FileMode.Open));

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Head
    {
        public long Messages;

        /// <summary>When the source dialled for the first message.</summary>
        public long StartedAt;
        public long LastAcceptedAt;
        public long Accepted;

        /// <summary>Messages the source gave up: refused, or their connection was lost.</summary>
        public long Failed;
        public long SourceConnections;
        public long LastDeliveredAt;
        public long Delivered;

        /// <summary>Messages the sink got again.</summary>
        public long Duplicates;

        /// <summary>Messages the sink got without a sequence header of this load.</summary>
        public long Unknown;
        public long SinkConnections;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Instants
    {
        /// <summary>The last octet of the final dot was given to the system.</summary>
        public long DotSentAt;

        /// <summary>The 250 was read.</summary>
        public long AcceptedAt;

        /// <summary>The sink had read the final dot.</summary>
        public long DeliveredAt;
    }
}
