using System.Buffers.Binary;

namespace Waybill.Peers.Dns;

/// <summary>A DNS message of one question (RFC 1035 §4.1), as much of it as the simulated server says and hears.</summary>
public sealed record DnsMessage
{
    /// <summary>Largest answer over UDP to an asker without EDNS (RFC 1035 §2.3.4).</summary>
    public const int PlainUdpOctets = 512;

    internal const ushort ClassIn = 1;

    private const int ResponseBit = 0x8000;
    private const int AuthoritativeBit = 0x0400;
    private const int TruncatedBit = 0x0200;
    private const int RecursionDesiredBit = 0x0100;

    public ushort Id { get; init; }

    public bool IsResponse { get; init; }

    public int OperationCode { get; init; }

    public bool IsTruncated { get; init; }

    public bool RecursionDesired { get; init; }

    public DnsCode Code { get; init; }

    public DnsQuestion Question { get; init; }

    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    public IReadOnlyList<DnsRecord> Authority { get; init; } = [];

    /// <summary>The size the peer takes over UDP (RFC 6891 §6.2.3); zero without EDNS.</summary>
    public ushort UdpOctets { get; init; }

    /// <summary>Encodes the message; when it passes <paramref name="maxOctets"/> it goes out empty with the truncation bit (RFC 2181 §9).</summary>
    public byte[] Write(int maxOctets)
    {
        var whole = Encode(IsTruncated);
        return whole.Length <= maxOctets ? whole : (this with { Answers = [], Authority = [] }).Encode(truncated: true);
    }

    /// <summary>Reads a message; false when it is none or holds more than one question.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, out DnsMessage message)
    {
        message = new DnsMessage();
        if (octets.Length < 12)
        {
            return false;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(octets[2..]);
        var reader = new DnsReader(octets) { Position = 12 };
        if (BinaryPrimitives.ReadUInt16BigEndian(octets[4..]) != 1 || !reader.TryReadQuestion(out var question)
            || !reader.TryReadRecords(BinaryPrimitives.ReadUInt16BigEndian(octets[6..]), out var answers)
            || !reader.TryReadRecords(BinaryPrimitives.ReadUInt16BigEndian(octets[8..]), out var authority)
            || !reader.TryReadRecords(BinaryPrimitives.ReadUInt16BigEndian(octets[10..]), out _))
        {
            return false;
        }

        message = new DnsMessage
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(octets),
            IsResponse = (flags & ResponseBit) != 0,
            OperationCode = (flags >> 11) & 15,
            IsTruncated = (flags & TruncatedBit) != 0,
            RecursionDesired = (flags & RecursionDesiredBit) != 0,
            Code = (DnsCode)(flags & 15),
            Question = question,
            Answers = answers,
            Authority = authority,
            UdpOctets = reader.UdpOctets,
        };
        return true;
    }

    private byte[] Encode(bool truncated)
    {
        var flags = (IsResponse ? ResponseBit | AuthoritativeBit : 0) | (OperationCode << 11) | (truncated ? TruncatedBit : 0)
            | (RecursionDesired ? RecursionDesiredBit : 0) | (int)Code;
        var writer = new DnsWriter();
        writer.UInt16(Id);
        writer.UInt16((ushort)flags);
        writer.UInt16(1);
        writer.UInt16((ushort)Answers.Count);
        writer.UInt16((ushort)Authority.Count);
        writer.UInt16((ushort)(UdpOctets > 0 ? 1 : 0));
        writer.Name(Question.Name);
        writer.UInt16((ushort)Question.Type);
        writer.UInt16(ClassIn);
        foreach (var record in Answers)
        {
            writer.Record(record);
        }

        foreach (var record in Authority)
        {
            writer.Record(record);
        }

        if (UdpOctets > 0)
        {
            writer.Option(UdpOctets);
        }

        return writer.ToArray();
    }
}
