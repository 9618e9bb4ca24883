using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Waybill.Bench.Load;

/// <summary>The content of the messages: a header for each connection, and one body for all of them that is never copied.</summary>
internal sealed unsafe class LoadContent : IDisposable
{
    private const int FinalDotOctets = 3;

    private readonly int _sizeOctets;
    private readonly int _domains;
    private readonly byte* _headers;
    private readonly byte* _body;
    private readonly byte[] _tail;

    public LoadContent(int sizeOctets, int domains, int connections, TimeProvider clock)
    {
        (_sizeOctets, _domains) = (sizeOctets, domains);
        _headers = (byte*)NativeMemory.Alloc((nuint)connections, SourceOptions.HeaderRoom);
        _body = (byte*)NativeMemory.Alloc((nuint)sizeOctets + FinalDotOctets);
        for (var i = 0; i < sizeOctets; i++)
        {
            // Lines of 78 letters, counted from the end so that the last one is whole.
            var fromEnd = (sizeOctets - 1 - i) % 80;
            _body[i] = fromEnd switch { 0 => (byte)'\n', 1 => (byte)'\r', _ => (byte)('a' + (i * 7 + i / 80) % 26) };
        }

        ".\r\n"u8.CopyTo(new Span<byte>(_body + sizeOctets, FinalDotOctets));
        var date = clock.GetUtcNow().ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);
        _tail = Encoding.ASCII.GetBytes(
            $".{Environment.ProcessId}@sender.test>\r\nDate: {date}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
    }

    /// <summary>Writes the header of a message where its connection keeps it.</summary>
    /// <returns>Octets of the header, and of the whole content with the final dot.</returns>
    public (int Header, int Content) Prepare(int connection, long sequence)
    {
        var header = new Span<byte>(_headers + connection * SourceOptions.HeaderRoom, SourceOptions.HeaderRoom);
        Utf8.TryWrite(
            header,
            $"X-Bench-Sequence: {sequence}\r\nFrom: Load <bounce@sender.test>\r\nTo: <user{sequence}@d{sequence % _domains}.rcpt.test>\r\nSubject: load {sequence}\r\nMessage-ID: <{sequence}",
            out var length);
        _tail.CopyTo(header[length..]);
        var octets = length + _tail.Length;
        return (octets, _sizeOctets + FinalDotOctets);
    }

    /// <summary>Gives the system what it takes of a content, from the octet it has got to; negative when it takes nothing.</summary>
    public nint Send(int descriptor, int connection, int headerOctets, int contentOctets, int sent)
    {
        var pieces = stackalloc Libc.Piece[2];
        var count = 0;
        if (headerOctets > sent)
        {
            pieces[count++] = new Libc.Piece { Octets = _headers + connection * SourceOptions.HeaderRoom + sent, Length = headerOctets - sent };
        }

        // All messages share the end of the body, so that its length makes up for what the header is shorter.
        var bodyLeft = Math.Min(contentOctets - headerOctets, contentOctets - sent);
        pieces[count++] = new Libc.Piece { Octets = _body + _sizeOctets + FinalDotOctets - bodyLeft, Length = bodyLeft };
        return Libc.WriteVector(descriptor, pieces, count);
    }

    public void Dispose()
    {
        NativeMemory.Free(_headers);
        NativeMemory.Free(_body);
    }
}
