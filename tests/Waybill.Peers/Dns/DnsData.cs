using System.Net;
using System.Net.Sockets;

namespace Waybill.Peers.Dns;

/// <summary>What a record says. Names have no trailing dot; the root is the empty text.</summary>
public abstract record DnsData
{
    private DnsData()
    {
    }

    /// <summary>The type this data belongs to.</summary>
    public abstract DnsType Type { get; }

    public sealed record Address(IPAddress Value) : DnsData
    {
        public override DnsType Type => Value.AddressFamily == AddressFamily.InterNetworkV6 ? DnsType.Aaaa : DnsType.A;
    }

    public sealed record Exchange(ushort Preference, string Host) : DnsData
    {
        public override DnsType Type => DnsType.Mx;
    }

    /// <summary>A TXT record; its strings of at most 255 octets are written and read as one text.</summary>
    public sealed record Text(string Value) : DnsData
    {
        public override DnsType Type => DnsType.Txt;
    }

    /// <summary>A record that is nothing but a name: CNAME, PTR or NS.</summary>
    public sealed record Name(DnsType Kind, string Host) : DnsData
    {
        public override DnsType Type => Kind;
    }

    /// <summary>The start of authority that comes with a negative answer (RFC 2308 §3).</summary>
    public sealed record Authority(string Primary, string Mailbox, uint Serial, uint Minimum) : DnsData
    {
        public override DnsType Type => DnsType.Soa;
    }

    /// <summary>Any other type, its octets in hexadecimal.</summary>
    public sealed record Opaque(DnsType Kind, string Hex) : DnsData
    {
        public override DnsType Type => Kind;
    }
}

/// <summary>A record of the zone or of an answer.</summary>
/// <param name="TimeToLive">Seconds a cache may keep it.</param>
public sealed record DnsRecord(string Name, uint TimeToLive, DnsData Data);

/// <summary>What was asked.</summary>
public readonly record struct DnsQuestion(string Name, DnsType Type);
