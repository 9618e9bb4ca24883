using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Waybill.Engine.Spooling;

namespace Waybill.Storage.Files;

/// <summary>A message's octets, read from a segment into pooled memory or streamed from a file of its own.</summary>
internal sealed class FileLease : ContentLease
{
    private readonly FileStream? _file;
    private byte[]? _buffer;
    private readonly long _length;

    private FileLease(byte[]? buffer, FileStream? file, long length) => (_buffer, _file, _length) = (buffer, file, length);

    public override long LengthOctets => _length;

    public static FileLease FromSegment(SafeFileHandle segment, ContentReference reference)
    {
        var length = checked((int)reference.LengthOctets);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var read = 0;
        while (read < length)
        {
            var count = RandomAccess.Read(segment, buffer.AsSpan(read, length - read), reference.Offset + read);
            if (count == 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                throw new IOException($"Segment {reference.Segment} ends before octet {reference.Offset + length}.");
            }

            read += count;
        }

        return new FileLease(buffer, null, length);
    }

    public static FileLease FromFile(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        return new FileLease(null, file, file.Length);
    }

    public override bool TryGetMemory(out ReadOnlyMemory<byte> octets)
    {
        octets = _buffer is null ? default : _buffer.AsMemory(0, (int)_length);
        return _buffer is not null;
    }

    public override Stream OpenStream() =>
        _buffer is not null ? new MemoryStream(_buffer, 0, (int)_length, writable: false) : _file!;

    protected override void Dispose(bool disposing)
    {
        _file?.Dispose();
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
