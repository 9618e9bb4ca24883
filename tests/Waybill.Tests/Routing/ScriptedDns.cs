using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Waybill.Tests.Routing;

/// <summary>A DNS server on loopback that answers by table, octet by octet (RFC 1035 §4.1), over UDP and TCP.</summary>
internal sealed class ScriptedDns : IAsyncDisposable
{
    private readonly UdpClient _udp;
    private readonly TcpListener _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _serving;

    public ScriptedDns()
    {
        _tcp = new TcpListener(IPAddress.Loopback, 0);
        _tcp.Start();
        _udp = new UdpClient((IPEndPoint)_tcp.LocalEndpoint);
        _serving = [ServeUdpAsync(), ServeTcpAsync()];
    }

    public string Endpoint => _tcp.LocalEndpoint.ToString()!;

    /// <summary>By "MX name": what is answered. A question that is not here gets no answer at all.</summary>
    public Dictionary<string, DnsScript> Answers { get; } = [];

    public List<string> Journal { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Stop();
        await Task.WhenAll(_serving);
    }

    private async Task ServeUdpAsync()
    {
        try
        {
            while (true)
            {
                var asked = await _udp.ReceiveAsync(_stop.Token);
                if (Answer(asked.Buffer, "", out var answer))
                {
                    await _udp.SendAsync(answer, asked.RemoteEndPoint, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task ServeTcpAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _tcp.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                var length = new byte[2];
                await stream.ReadExactlyAsync(length, _stop.Token);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(question, _stop.Token);
                if (Answer(question, "TCP ", out var answer))
                {
                    BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                    await stream.WriteAsync((byte[])[.. length, .. answer], _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException or IOException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private bool Answer(byte[] question, string by, out byte[] answer)
    {
        var (name, at) = ReadName(question, 12);
        var type = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(at));
        var key = $"{(type switch { 1 => "A", 28 => "AAAA", 15 => "MX", 5 => "CNAME", 16 => "TXT", 12 => "PTR", _ => "?" })} {name}";
        Journal.Add(by + key);
        answer = [];
        if (!Answers.TryGetValue(by + key, out var script) && !Answers.TryGetValue(key, out script))
        {
            return false;
        }

        var octets = new List<byte>(question[..2]) { (byte)(script.Truncated ? 0x83 : 0x81), (byte)(0x80 | script.Code), 0, 1 };
        octets.AddRange([0, (byte)script.Records.Count, 0, (byte)(script.SoaMinimum is null ? 0 : 1), 0, 0]);
        octets.AddRange(question[12..(at + 4)]);
        foreach (var record in script.Records)
        {
            WriteRecord(octets, record.Owner ?? name, record.Type, record.Ttl, record.Data);
        }

        if (script.SoaMinimum is { } minimum)
        {
            WriteRecord(octets, "example", 6, 3600, [.. Name("ns.example"), .. Name("root.example"), .. Number(1), .. Number(2), .. Number(3), .. Number(4), .. Number(minimum)]);
        }

        answer = [.. octets];
        return true;
    }

    internal static byte[] Name(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => new[] { (byte)label.Length }.Concat(Encoding.ASCII.GetBytes(label))), 0];

    private static byte[] Number(int value)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(octets, value);
        return octets;
    }

    private static void WriteRecord(List<byte> octets, string owner, int type, int ttl, byte[] data)
    {
        octets.AddRange(Name(owner));
        octets.AddRange([0, (byte)type, 0, 1]);
        octets.AddRange(Number(ttl));
        octets.AddRange([(byte)(data.Length >> 8), (byte)data.Length]);
        octets.AddRange(data);
    }

    private static (string Name, int End) ReadName(byte[] octets, int at)
    {
        var labels = new List<string>();
        while (octets[at] != 0)
        {
            labels.Add(Encoding.ASCII.GetString(octets, at + 1, octets[at]));
            at += octets[at] + 1;
        }

        return (string.Join('.', labels).ToLowerInvariant(), at + 1);
    }
}

/// <summary>An answer: response code, records, and the SOA minimum of a negative one.</summary>
internal sealed record DnsScript(int Code, params IReadOnlyList<DnsScript.Record> Records)
{
    public int? SoaMinimum { get; init; }

    public bool Truncated { get; init; }

    public static Record Mx(int preference, string exchange, int ttl = 300) =>
        new(null, 15, ttl, [(byte)(preference >> 8), (byte)preference, .. ScriptedDns.Name(exchange)]);

    public static Record Address(string address, string? owner = null, int ttl = 300)
    {
        var ip = IPAddress.Parse(address);
        return new(owner, ip.AddressFamily == AddressFamily.InterNetwork ? 1 : 28, ttl, ip.GetAddressBytes());
    }

    public static Record Cname(string target, string? owner = null, int ttl = 300) => new(owner, 5, ttl, ScriptedDns.Name(target));

    public static Record Txt(params string[] strings) =>
        new(null, 16, 300, [.. strings.SelectMany(text => new[] { (byte)text.Length }.Concat(Encoding.ASCII.GetBytes(text)))]);

    internal sealed record Record(string? Owner, int Type, int Ttl, byte[] Data);
}
