using System.Buffers;

namespace Waybill.Engine.Spooling;

/// <summary>A message's octets while they come in: small ones in pooled memory, large ones in a file of their own.</summary>
/// <remarks>
/// One session owns a draft until it hands it to <see cref="ISpool.AcceptAsync"/>; not safe for two threads at once.
/// Disposing an unaccepted draft leaves nothing behind.
/// </remarks>
public abstract class ContentDraft : IBufferWriter<byte>, IDisposable
{
    /// <summary>Octets so far, the prefix included.</summary>
    public abstract long LengthOctets { get; }

    /// <summary>Octets waiting in memory; <see cref="FlushAsync"/> must be called when this passes <see cref="FlushAtOctets"/>.</summary>
    public abstract int BufferedOctets { get; }

    /// <summary>Above this much in memory the draft wants to go to disk.</summary>
    public const int FlushAtOctets = 256 * 1024;

    /// <summary>What is buffered now; before the first flush that is the message from its first octet, without the prefix.</summary>
    public abstract ReadOnlySpan<byte> Buffered { get; }

    public abstract void Advance(int count);

    public abstract Memory<byte> GetMemory(int sizeHint = 0);

    public abstract Span<byte> GetSpan(int sizeHint = 0);

    /// <summary>Sets what goes before the first octet: trace fields and added headers. Once, and before the first flush.</summary>
    public abstract void SetPrefix(ReadOnlyMemory<byte> prefix);

    /// <summary>Moves what is buffered to the draft's own file.</summary>
    /// <exception cref="IOException">The disk refused: answer 452 4.3.1 and dispose of the draft.</exception>
    public abstract ValueTask FlushAsync(CancellationToken cancellationToken);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
