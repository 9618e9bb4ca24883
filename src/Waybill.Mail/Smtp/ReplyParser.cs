using System.Buffers;
using System.Globalization;
using System.Text;

namespace Waybill.Mail.Smtp;

/// <summary>What reading a reply came to.</summary>
public enum ReplyRead
{
    /// <summary>More octets are needed; all that were given are taken.</summary>
    Incomplete,

    /// <summary>A reply is whole.</summary>
    Complete,

    /// <summary>A line is no reply: not three digits and a blank or hyphen (RFC 5321 §4.2). Nothing more can be read.</summary>
    Malformed,

    /// <summary>The reply never ends. Nothing more can be read.</summary>
    TooLong,
}

/// <summary>Reads a peer's replies from octets as they arrive, multi-line ones included (RFC 5321 §4.2.1). One connection owns one.</summary>
/// <remarks>
/// Lenient where it cannot hurt: a bare LF ends a line, and of the lines' codes the last one counts. A reply is kept
/// whole up to <see cref="MaxKeptOctets"/>; what is longer is read, left out, and said to be.
/// </remarks>
public sealed class ReplyParser
{
    /// <summary>Octets of one reply that are kept.</summary>
    public const int MaxKeptOctets = 16 * 1024;

    /// <summary>Octets of one reply that are read before the peer is given up.</summary>
    public const int MaxOctets = 256 * 1024;

    private static readonly Encoding StrictUtf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);

    // The last replies that came: on a kept connection they repeat, and one string then serves every message.
    private readonly PeerReply?[] _recent = new PeerReply?[8];
    private int _nextRecent;
    private byte[] _kept = [];
    private int _keptOctets;
    private int _lineStart;
    private long _octets;
    private int _lineOctets;
    private long _leftOut;

    /// <summary>The reply, after <see cref="ReplyRead.Complete"/>; after <see cref="ReplyRead.Malformed"/>, what stands in its place with code 0.</summary>
    public PeerReply Reply { get; private set; } = new(0, "");

    /// <summary>Whether part of a reply was taken: then a connection that ends has cut it.</summary>
    public bool IsInside => _octets > 0;

    /// <summary>The text taken so far of a reply that was cut.</summary>
    public string Partial => Decode(_kept.AsSpan(0, _keptOctets));

    /// <summary>Takes octets off the front of <paramref name="buffer"/> up to the end of a reply.</summary>
    public ReplyRead Read(ref ReadOnlySequence<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var span = buffer.FirstSpan;
            var lineFeed = span.IndexOf((byte)'\n');
            var piece = lineFeed < 0 ? span : span[..lineFeed];
            Keep(piece);
            _lineOctets += piece.Length;
            _octets += piece.Length + 1;
            buffer = buffer.Slice(lineFeed < 0 ? span.Length : lineFeed + 1);
            if (_octets > MaxOctets)
            {
                return ReplyRead.TooLong;
            }

            if (lineFeed >= 0 && EndOfLine() is var read and not ReplyRead.Incomplete)
            {
                return read;
            }
        }

        return ReplyRead.Incomplete;
    }

    private void Keep(ReadOnlySpan<byte> piece)
    {
        // A line that begins beyond the limit keeps its code all the same: the last one decides.
        var room = Math.Max(MaxKeptOctets - _keptOctets, 4 - _lineOctets);
        var whole = piece.Length;
        piece = piece[..Math.Clamp(room, 0, piece.Length)];
        _leftOut += whole - piece.Length;
        if (_keptOctets + piece.Length > _kept.Length)
        {
            Array.Resize(ref _kept, Math.Max(256, Math.Max(_kept.Length * 2, _keptOctets + piece.Length)));
        }

        piece.CopyTo(_kept.AsSpan(_keptOctets));
        _keptOctets += piece.Length;
    }

    private ReplyRead EndOfLine()
    {
        if (_keptOctets > _lineStart && _kept[_keptOctets - 1] == '\r')
        {
            _keptOctets--;
        }

        var line = _kept.AsSpan(_lineStart, _keptOctets - _lineStart);
        if (!IsReplyLine(line, out var code))
        {
            Reply = new PeerReply(0, Decode(_kept.AsSpan(0, _keptOctets)));
            return ReplyRead.Malformed;
        }

        if (line.Length > 3 && line[3] == '-')
        {
            if (_lineStart >= MaxKeptOctets)
            {
                _leftOut += _keptOctets - _lineStart;
                _keptOctets = _lineStart; // Beyond the limit only the last line stays.
            }
            else
            {
                KeepLineFeed();
            }

            _lineOctets = 0;
            return ReplyRead.Incomplete;
        }

        Finish(code);
        return ReplyRead.Complete;
    }

    private void KeepLineFeed()
    {
        _lineOctets = 0; // So that there is always room for it.
        Keep("\n"u8);
        _lineStart = _keptOctets;
    }

    private void Finish(int code)
    {
        Reply = _leftOut > 0
            ? new PeerReply(code, string.Create(CultureInfo.InvariantCulture, $"{Decode(_kept.AsSpan(0, _keptOctets))}\n[{_leftOut} octets more]"))
            : Recall(code, _kept.AsSpan(0, _keptOctets));
        (_keptOctets, _lineStart, _octets, _lineOctets, _leftOut) = (0, 0, 0, 0, 0);
        if (_kept.Length > 1024)
        {
            _kept = []; // An idle connection holds no large buffer.
        }
    }

    private PeerReply Recall(int code, ReadOnlySpan<byte> text)
    {
        foreach (var reply in _recent)
        {
            if (reply is not null && Ascii.Equals(text, reply.Text))
            {
                return reply;
            }
        }

        var made = new PeerReply(code, Decode(text));
        _recent[_nextRecent++ & 7] = made;
        return made;
    }

    private static bool IsReplyLine(ReadOnlySpan<byte> line, out int code)
    {
        code = 0;
        if (line.Length < 3 || line[0] is < (byte)'2' or > (byte)'5' || !char.IsAsciiDigit((char)line[1]) || !char.IsAsciiDigit((char)line[2]))
        {
            return false;
        }

        code = ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');
        return line.Length == 3 || line[3] is (byte)' ' or (byte)'-';
    }

    private static string Decode(ReadOnlySpan<byte> octets)
    {
        string text;
        try
        {
            text = StrictUtf8.GetString(octets);
        }
        catch (DecoderFallbackException)
        {
            text = Encoding.Latin1.GetString(octets);
        }

        // A NUL is the one character a database may refuse to keep.
        return text.Contains('\0') ? text.Replace('\0', '\uFFFD') : text;
    }
}
