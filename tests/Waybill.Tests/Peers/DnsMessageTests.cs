using System.Net;
using CsCheck;
using Waybill.Peers.Dns;

namespace Waybill.Tests.Peers;

public sealed class DnsMessageTests
{
    private static readonly Gen<string> Label = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789-_"], 1, 12];

    // Few labels, so that names share endings and compression has something to do.
    private static readonly Gen<string> Name =
        Gen.Select(Label, Gen.OneOf(Gen.Const("example.test"), Gen.Const("mail.example.test"), Gen.Const("test"), Gen.Const(""))).Select((l, end) => end.Length == 0 ? l : $"{l}.{end}");

    private static readonly Gen<DnsData> Data = Gen.OneOf<DnsData>(
        Gen.Byte.Array[4].Select(a => (DnsData)new DnsData.Address(new IPAddress(a))),
        Gen.Byte.Array[16].Select(a => (DnsData)new DnsData.Address(new IPAddress(a))),
        Gen.Select(Gen.UShort, Name).Select((p, h) => (DnsData)new DnsData.Exchange(p, h)),
        Gen.Const((DnsData)new DnsData.Exchange(0, "")),
        Gen.String[Gen.Char[' ', '~'], 0, 700].Select(t => (DnsData)new DnsData.Text(t)),
        Gen.Select(Gen.OneOf(Gen.Const(DnsType.Cname), Gen.Const(DnsType.Ptr), Gen.Const(DnsType.Ns)), Name).Select((t, h) => (DnsData)new DnsData.Name(t, h)),
        Gen.Select(Name, Name, Gen.UInt, Gen.UInt).Select((p, m, s, n) => (DnsData)new DnsData.Authority(p, m, s, n)),
        Gen.Byte.Array[0, 40].Select(o => (DnsData)new DnsData.Opaque(DnsType.Tlsa, Convert.ToHexString(o))));

    private static readonly Gen<DnsRecord> Record =
        Gen.Select(Name, Gen.UInt, Data).Select((n, t, d) => new DnsRecord(n, t, d));

    private static readonly Gen<DnsMessage> Message =
        Gen.Select(Gen.UShort, Gen.Bool, Gen.Enum<DnsCode>(), Name, Record.List[0, 30], Record.List[0, 3], Gen.OneOf(Gen.Const((ushort)0), Gen.Const((ushort)512), Gen.Const((ushort)4096)))
            .Select((id, response, code, name, answers, authority, edns) => new DnsMessage
            {
                Id = id,
                IsResponse = response,
                Code = code,
                Question = new DnsQuestion(name, DnsType.Mx),
                Answers = answers,
                Authority = authority,
                UdpOctets = edns,
            });

    [Fact]
    public void What_is_written_is_read_back() => Message.Sample(
        message =>
        {
            Assert.True(DnsMessage.TryRead(message.Write(65_535), out var read));

            Assert.Equal((message.Id, message.IsResponse, message.Code, message.Question, message.UdpOctets), (read.Id, read.IsResponse, read.Code, read.Question, read.UdpOctets));
            Assert.Equal(message.Answers, read.Answers);
            Assert.Equal(message.Authority, read.Authority);
        },
        iter: 5_000);

    [Fact]
    public void A_message_that_is_too_large_goes_out_empty_and_truncated() => Message.Sample(
        message =>
        {
            var octets = message.Write(512);

            Assert.True(octets.Length <= 512);
            Assert.True(DnsMessage.TryRead(octets, out var read));
            Assert.True(read.IsTruncated ? read.Answers.Count == 0 : read.Answers.Count == message.Answers.Count);
        },
        iter: 2_000);

    [Fact]
    public void A_name_past_the_reach_of_a_pointer_is_written_out() // 14 bits, RFC 1035 §4.1.4
    {
        var filling = Enumerable.Range(0, 40).Select(_ => new DnsRecord("one.test", 1, new DnsData.Text(new string('x', 500))));
        var far = Enumerable.Range(0, 3).Select(_ => new DnsRecord("far.other", 1, new DnsData.Exchange(1, "mx.far.other")));
        var message = new DnsMessage { Question = new DnsQuestion("one.test", DnsType.Any), Answers = [.. filling, .. far] };

        Assert.True(DnsMessage.TryRead(message.Write(65_535), out var read));

        Assert.Equal(message.Answers, read.Answers);
    }

    [Fact]
    public void Octets_of_any_kind_are_read_without_a_fault() => Gen.Select(Message, Gen.Int[0, 400], Gen.Byte, Gen.Int[0, 400]).Sample(
        (message, at, octet, length) =>
        {
            var octets = message.Write(65_535);
            octets[Math.Min(at, octets.Length - 1)] = octet;

            DnsMessage.TryRead(octets.AsSpan(0, Math.Min(octets.Length, length)), out _);
            DnsMessage.TryRead(octets, out _);
        },
        iter: 20_000);

    [Fact]
    public void A_name_that_points_at_itself_is_refused() // RFC 1035 §4.1.4
    {
        byte[] octets = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1];

        Assert.False(DnsMessage.TryRead(octets, out _));
    }
}
