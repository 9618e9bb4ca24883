using System.Buffers;
using System.Buffers.Binary;
using System.Net;

namespace Waybill.Engine.Listening;

/// <summary>Reads the header of the PROXY protocol, version 2: a load balancer's word about who the client is.</summary>
internal static class ProxyHeader
{
    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Takes the header off the front of a buffer.</summary>
    /// <param name="client">The client it names; null for a LOCAL connection (the balancer's own check).</param>
    /// <returns>True when it was taken, false when it is no header, null when more octets are needed.</returns>
    public static bool? TryRead(ref ReadOnlySequence<byte> buffer, out IPAddress? client)
    {
        client = null;
        Span<byte> head = stackalloc byte[16];
        var seen = (int)Math.Min(buffer.Length, 16);
        buffer.Slice(0, seen).CopyTo(head);
        var signature = Math.Min(seen, Signature.Length);
        if (!head[..signature].SequenceEqual(Signature[..signature]))
        {
            return false;
        }

        if (seen < 16)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(head[14..]);
        if (head[12] >> 4 != 2 || length > 2_048)
        {
            return false;
        }

        if (buffer.Length < 16 + length)
        {
            return null;
        }

        var body = buffer.Slice(16, length).ToArray();
        buffer = buffer.Slice(16 + length);
        var local = (head[12] & 0x0f) == 0;
        client = (head[13] >> 4) switch
        {
            _ when local => null,
            1 when body.Length >= 12 => new IPAddress(body.AsSpan(0, 4)),
            2 when body.Length >= 36 => new IPAddress(body.AsSpan(0, 16)),
            _ => null,
        };
        return true;
    }
}
