using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Waybill.Engine.Spooling;

namespace Waybill.Storage.Files;

/// <summary>A draft in pooled memory that moves to a file of its own when it grows.</summary>
internal sealed class FileDraft(string incoming) : ContentDraft
{
    private const int FirstBufferOctets = 16 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBufferOctets);
    private int _used;
    private ReadOnlyMemory<byte> _prefix;
    private SafeFileHandle? _file;
    private string? _path;
    private long _written;
    private bool _disposed;

    /// <summary>Whether the draft has a file of its own.</summary>
    public bool HasFile => _file is not null;

    public override long LengthOctets => _written + (_file is null ? _prefix.Length : 0) + _used;

    public override int BufferedOctets => _used;

    public override ReadOnlySpan<byte> Buffered => _buffer.AsSpan(0, _used);

    public override void SetPrefix(ReadOnlyMemory<byte> prefix) => _prefix = prefix;

    public override void Advance(int count) => _used += count;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _buffer.AsMemory(_used);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _buffer.AsSpan(_used);
    }

    public override async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            _path = Path.Combine(incoming, Guid.CreateVersion7().ToString("N") + ".part");
            _file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
            await RandomAccess.WriteAsync(_file, _prefix, 0, cancellationToken);
            _written = _prefix.Length;
        }

        await RandomAccess.WriteAsync(_file, _buffer.AsMemory(0, _used), _written, cancellationToken);
        _written += _used;
        _used = 0;
    }

    /// <summary>Adds the draft's octets to a gather write; they are valid until it is disposed of.</summary>
    public void AddParts(List<ReadOnlyMemory<byte>> parts)
    {
        parts.Add(_prefix);
        parts.Add(_buffer.AsMemory(0, _used));
    }

    /// <summary>Completes the draft's own file and gives it its final name, all synced.</summary>
    /// <remarks>May be called again when what came after it failed.</remarks>
    public void Keep(string path)
    {
        if (_path is null)
        {
            return;
        }

        RandomAccess.Write(_file!, _buffer.AsSpan(0, _used), _written);
        _written += _used;
        _used = 0;
        FileSync.Whole(_file!);
        File.Move(_path, path);
        FileSync.Directory(Path.GetDirectoryName(path)!);
        FileSync.Directory(Path.GetDirectoryName(Path.GetDirectoryName(path)!)!);
        _path = null;
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _file?.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    private void Grow(int sizeHint)
    {
        if (_buffer.Length - _used >= Math.Max(sizeHint, 1))
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _used + sizeHint));
        _buffer.AsSpan(0, _used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
