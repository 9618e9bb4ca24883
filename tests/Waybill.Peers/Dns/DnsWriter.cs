using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Waybill.Peers.Dns;

/// <summary>Writes DNS wire format, names compressed (RFC 1035 §4.1.4).</summary>
internal sealed class DnsWriter
{
    private readonly List<byte> _octets = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

    public byte[] ToArray() => _octets.ToArray();

    public void UInt16(ushort value)
    {
        Span<byte> octets = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, value);
        _octets.AddRange(octets);
    }

    public void UInt32(uint value)
    {
        Span<byte> octets = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, value);
        _octets.AddRange(octets);
    }

    /// <exception cref="ArgumentException">A label is empty or longer than 63 octets.</exception>
    public void Name(string name)
    {
        for (var rest = name; rest.Length > 0;)
        {
            if (_names.TryGetValue(rest, out var at))
            {
                UInt16((ushort)(0xC000 | at));
                return;
            }

            // A pointer has 14 bits: a name that starts further in is written out each time.
            if (_octets.Count < 0x4000)
            {
                _names.Add(rest, _octets.Count);
            }

            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            var label = Encoding.Latin1.GetBytes(dot < 0 ? rest : rest[..dot]);
            if (label.Length is 0 or > 63)
            {
                throw new ArgumentException($"'{name}' is not a domain name.", nameof(name));
            }

            _octets.Add((byte)label.Length);
            _octets.AddRange(label);
            rest = dot < 0 ? "" : rest[(dot + 1)..];
        }

        _octets.Add(0);
    }

    public void Record(DnsRecord record)
    {
        Name(record.Name);
        UInt16((ushort)record.Data.Type);
        UInt16(DnsMessage.ClassIn);
        UInt32(record.TimeToLive);
        var lengthAt = _octets.Count;
        UInt16(0);
        Data(record.Data);
        BinaryPrimitives.WriteUInt16BigEndian(CollectionsMarshal.AsSpan(_octets)[lengthAt..], (ushort)(_octets.Count - lengthAt - 2));
    }

    /// <summary>The EDNS pseudo-record (RFC 6891 §6.1.2): the class field holds the size.</summary>
    public void Option(ushort udpOctets)
    {
        _octets.Add(0);
        UInt16((ushort)DnsType.Opt);
        UInt16(udpOctets);
        UInt32(0);
        UInt16(0);
    }

    private void Data(DnsData data)
    {
        switch (data)
        {
            case DnsData.Address address:
                _octets.AddRange(address.Value.GetAddressBytes());
                break;
            case DnsData.Exchange exchange:
                UInt16(exchange.Preference);
                Name(exchange.Host);
                break;
            case DnsData.Text text:
                Strings(Encoding.UTF8.GetBytes(text.Value));
                break;
            case DnsData.Name name:
                Name(name.Host);
                break;
            case DnsData.Authority soa:
                Name(soa.Primary);
                Name(soa.Mailbox);
                UInt32(soa.Serial);
                UInt32(3600);
                UInt32(600);
                UInt32(604_800);
                UInt32(soa.Minimum);
                break;
            case DnsData.Opaque opaque:
                _octets.AddRange(Convert.FromHexString(opaque.Hex));
                break;
            default:
                throw new ArgumentException($"No wire form for {data}.", nameof(data));
        }
    }

    private void Strings(ReadOnlySpan<byte> text)
    {
        do
        {
            var part = text[..Math.Min(255, text.Length)];
            _octets.Add((byte)part.Length);
            _octets.AddRange(part);
            text = text[part.Length..];
        }
        while (!text.IsEmpty);
    }
}
