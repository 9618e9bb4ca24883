namespace Waybill.Engine.Spooling;

/// <summary>Where a message's octets lie. Opaque to everybody but the store that wrote it.</summary>
/// <param name="Segment">Segment number, or 0 for a file of its own.</param>
/// <param name="Offset">Octets from the start of the segment; for a file of its own, its number.</param>
/// <param name="LengthOctets">Octets of the message.</param>
public readonly record struct ContentReference(int Segment, long Offset, long LengthOctets);

/// <summary>Keeps the octets of messages: written once, read for attempts, never edited.</summary>
public interface IContentStore
{
    /// <summary>Begins a message.</summary>
    ContentDraft Begin();

    /// <summary>Opens a message's octets for reading.</summary>
    /// <exception cref="ContentGoneException">Retention or a person has removed it.</exception>
    /// <exception cref="IOException">The disk refused; try again later.</exception>
    ContentLease Open(ContentReference reference);
}

/// <summary>A message's octets, open for reading. Dispose of it to give its buffer back.</summary>
public abstract class ContentLease : IDisposable
{
    public abstract long LengthOctets { get; }

    /// <summary>The whole message when it is small enough to lie in memory; the memory is valid until the lease is disposed of.</summary>
    public abstract bool TryGetMemory(out ReadOnlyMemory<byte> octets);

    /// <summary>The message as a stream from its first octet. The stream belongs to the lease.</summary>
    public abstract Stream OpenStream();

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>The octets are no longer kept.</summary>
public sealed class ContentGoneException(string message) : IOException(message);
