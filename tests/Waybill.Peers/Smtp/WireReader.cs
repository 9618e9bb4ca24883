using System.Text;

namespace Waybill.Peers.Smtp;

/// <summary>Reads lines and content off a stream; one conversation's own, no two calls at once.</summary>
internal sealed class WireReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Whether a whole line is here already, so that the peer need not be answered yet.</summary>
    public bool HasLine => _buffer.AsSpan(_start, _end - _start).Contains((byte)'\n');

    public bool HasOctets => _end > _start;

    /// <summary>Reads a line; null at the end of the stream or when the line is longer than the buffer.</summary>
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var octets = _buffer.AsSpan(_start, _end - _start);
            if (octets.IndexOf((byte)'\n') is >= 0 and var at)
            {
                _start += at + 1;
                return Decode(octets[..at].TrimEnd((byte)'\r'));
            }

            if (octets.Length == _buffer.Length || !await FillAsync(cancellationToken))
            {
                return null;
            }
        }
    }

    /// <summary>Reads up to the line that is only a dot, undoing dot-stuffing (RFC 5321 §4.5.2).</summary>
    /// <returns>The number of octets, or -1 when the stream ended first.</returns>
    public async ValueTask<long> ReadDottedAsync(ContentKeeper keeper, CancellationToken cancellationToken)
    {
        var atLineStart = true;
        while (true)
        {
            var octets = _buffer.AsSpan(_start, _end - _start);
            var at = octets.IndexOf((byte)'\n');
            if (at < 0 && octets.Length < _buffer.Length)
            {
                if (!await FillAsync(cancellationToken))
                {
                    return -1;
                }

                continue;
            }

            var line = at < 0 ? octets : octets[..(at + 1)];
            _start += line.Length;

            // Only CRLF ends a line here: a bare LF does not make the next dot a final one.
            var endsWithCrlf = line.EndsWith("\r\n"u8);
            if (atLineStart && line[0] == '.')
            {
                if (line.Length == 3 && endsWithCrlf)
                {
                    return keeper.Octets;
                }

                line = line[1..];
            }

            keeper.Append(line);
            atLineStart = endsWithCrlf;
        }
    }

    /// <summary>Reads a BDAT chunk (RFC 3030 §2); false when the stream ended first.</summary>
    public async ValueTask<bool> ReadChunkAsync(long octets, ContentKeeper keeper, CancellationToken cancellationToken)
    {
        while (octets > 0)
        {
            if (_end == _start && !await FillAsync(cancellationToken))
            {
                return false;
            }

            var part = (int)Math.Min(octets, _end - _start);
            keeper.Append(_buffer.AsSpan(_start, part));
            _start += part;
            octets -= part;
        }

        return true;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read > 0;
    }

    // Octets that are no UTF-8 are kept one by one.
    private static string Decode(ReadOnlySpan<byte> octets) =>
        System.Text.Unicode.Utf8.IsValid(octets) ? Encoding.UTF8.GetString(octets) : Encoding.Latin1.GetString(octets);
}
