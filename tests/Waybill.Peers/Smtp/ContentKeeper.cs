namespace Waybill.Peers.Smtp;

/// <summary>Counts all octets of a message and keeps the first of them.</summary>
internal sealed class ContentKeeper(int keptOctets)
{
    private byte[] _kept = [];
    private int _length;

    public long Octets { get; private set; }

    public ReadOnlyMemory<byte> Content => _kept.AsMemory(0, _length);

    public void Append(ReadOnlySpan<byte> octets)
    {
        Octets += octets.Length;
        var part = octets[..Math.Min(octets.Length, keptOctets - _length)];
        if (part.IsEmpty)
        {
            return;
        }

        if (_length + part.Length > _kept.Length)
        {
            Array.Resize(ref _kept, (int)Math.Min(keptOctets, Math.Max(4096L, Math.Max(_length + part.Length, _kept.Length * 2L))));
        }

        part.CopyTo(_kept.AsSpan(_length));
        _length += part.Length;
    }
}
