using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Waybill.Peers.Dns;

/// <summary>Reads DNS wire format. Whatever the octets are, it ends and does not throw.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> octets)
{
    private readonly ReadOnlySpan<byte> _octets = octets;

    public int Position { get; set; }

    /// <summary>The size in the EDNS record, once one was read.</summary>
    public ushort UdpOctets { get; private set; }

    public bool TryReadQuestion(out DnsQuestion question)
    {
        question = default;
        if (!TryReadName(out var name) || !TryReadUInt16(out var type) || !TryReadUInt16(out _))
        {
            return false;
        }

        question = new DnsQuestion(name, (DnsType)type);
        return true;
    }

    public bool TryReadRecords(int count, out IReadOnlyList<DnsRecord> records)
    {
        var list = new List<DnsRecord>();
        records = list;
        for (var i = 0; i < count; i++)
        {
            if (!TryReadName(out var name) || !TryReadUInt16(out var type) || !TryReadUInt16(out var @class)
                || !TryReadUInt32(out var ttl) || !TryReadUInt16(out var length) || Position + length > _octets.Length)
            {
                return false;
            }

            var end = Position + length;
            if ((DnsType)type == DnsType.Opt)
            {
                UdpOctets = @class;
            }
            else if (TryReadData((DnsType)type, end, out var data))
            {
                list.Add(new DnsRecord(name, ttl, data));
            }
            else
            {
                return false;
            }

            Position = end;
        }

        return true;
    }

    private bool TryReadData(DnsType type, int end, out DnsData data)
    {
        data = new DnsData.Opaque(type, "");
        var length = end - Position;
        switch (type)
        {
            case DnsType.A or DnsType.Aaaa when length == (type == DnsType.A ? 4 : 16):
                data = new DnsData.Address(new IPAddress(_octets[Position..end]));
                return true;
            case DnsType.Mx:
                return TryReadUInt16(out var preference) && TryReadName(out var exchange)
                    && Set(new DnsData.Exchange(preference, exchange), out data);
            case DnsType.Txt:
                return TryReadStrings(end, out data);
            case DnsType.Cname or DnsType.Ptr or DnsType.Ns:
                return TryReadName(out var host) && Set(new DnsData.Name(type, host), out data);
            case DnsType.Soa:
                return TryReadName(out var primary) && TryReadName(out var mailbox) && TryReadUInt32(out var serial)
                    && TryReadUInt32(out _) && TryReadUInt32(out _) && TryReadUInt32(out _) && TryReadUInt32(out var minimum)
                    && Set(new DnsData.Authority(primary, mailbox, serial, minimum), out data);
            default:
                return Set(new DnsData.Opaque(type, Convert.ToHexString(_octets[Position..end])), out data);
        }
    }

    private bool TryReadStrings(int end, out DnsData data)
    {
        var text = new MemoryStream();
        while (Position < end)
        {
            var length = _octets[Position++];
            if (Position + length > end)
            {
                data = new DnsData.Text("");
                return false;
            }

            text.Write(_octets.Slice(Position, length));
            Position += length;
        }

        return Set(new DnsData.Text(Encoding.UTF8.GetString(text.ToArray())), out data);
    }

    private bool TryReadName(out string name)
    {
        name = "";
        var text = new StringBuilder();
        var at = Position;
        var followed = false;
        while (at < _octets.Length)
        {
            int length = _octets[at];
            if (length == 0)
            {
                Position = followed ? Position : at + 1;
                name = text.ToString();
                return true;
            }

            if (length >= 0xC0)
            {
                // Backwards only, so that a loop of pointers comes to an end.
                if (at + 1 >= _octets.Length || (((length & 0x3F) << 8) | _octets[at + 1]) is var target && target >= at)
                {
                    return false;
                }

                Position = followed ? Position : at + 2;
                (followed, at) = (true, target);
                continue;
            }

            if (length > 63 || at + 1 + length > _octets.Length || text.Length > 255)
            {
                return false;
            }

            // A dot inside a label has no place in a name written with dots.
            var label = _octets.Slice(at + 1, length);
            if (label.Contains((byte)'.'))
            {
                return false;
            }

            text.Append(text.Length > 0 ? "." : "").Append(Encoding.Latin1.GetString(label));
            at += 1 + length;
        }

        return false;
    }

    private bool TryReadUInt16(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_octets[Math.Min(Position, _octets.Length)..], out value))
        {
            return false;
        }

        Position += 2;
        return true;
    }

    private bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_octets[Math.Min(Position, _octets.Length)..], out value))
        {
            return false;
        }

        Position += 4;
        return true;
    }

    private static bool Set(DnsData value, out DnsData data)
    {
        data = value;
        return true;
    }
}
