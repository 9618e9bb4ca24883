using System.Buffers;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Collects what goes to the peer, so that a pipelined batch leaves in one write. Holds pooled memory only while something waits in it.</summary>
internal sealed class OutputBuffer : IBufferWriter<byte>
{
    private byte[] _octets = [];
    private int _count;

    public int Count => _count;

    public ReadOnlyMemory<byte> Written => _octets.AsMemory(0, _count);

    public void Advance(int count) => _count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _octets.AsMemory(_count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _octets.AsSpan(_count);
    }

    public void Clear() => _count = 0;

    /// <summary>Gives the memory back.</summary>
    public void Release()
    {
        _count = 0;
        if (_octets.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_octets);
            _octets = [];
        }
    }

    private void MakeRoom(int sizeHint)
    {
        var needed = _count + Math.Max(sizeHint, 1);
        if (needed <= _octets.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(4096, _octets.Length * 2)));
        _octets.AsSpan(0, _count).CopyTo(larger);
        if (_octets.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_octets);
        }

        _octets = larger;
    }
}
