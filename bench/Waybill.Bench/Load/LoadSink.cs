using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Waybill.Bench.Load;

/// <summary>Takes every message, notes when each came and whether it came before; keeps nothing of it.</summary>
internal sealed unsafe class LoadSink : IDisposable
{
    public const int MaxConnections = 4096;

    private const int BufferOctets = 64 * 1024;
    private const int ReplyRoom = 4096;
    private const int EventRoom = 256;
    private const int ListenerTag = -1;

    private readonly ResultFile _results;
    private readonly byte* _buffers;
    private readonly byte* _output;
    private readonly byte* _events;
    private readonly Slot[] _slots = new Slot[MaxConnections];
    private readonly int[] _free = new int[MaxConnections];
    private readonly int _listener;
    private readonly int _epoll;
    private int _freeCount;
    private int _outputOctets;

    private enum Part : byte
    {
        Commands,
        Header,
        Body,
    }

    /// <exception cref="IOException">The port is taken.</exception>
    public LoadSink(IPEndPoint at, ResultFile results)
    {
        _results = results;

        // Not touched, not paid: the system gives pages only to connections that there are.
        _buffers = (byte*)NativeMemory.Alloc(MaxConnections, BufferOctets);
        _output = (byte*)NativeMemory.Alloc(ReplyRoom);
        _events = (byte*)NativeMemory.AllocZeroed(EventRoom, 16);
        for (var i = MaxConnections - 1; i >= 0; i--)
        {
            _free[_freeCount++] = i;
        }

        _epoll = Libc.EpollCreate(0);
        _listener = Libc.StreamSocket();
        Libc.ReuseAddress(_listener);
        if (Libc.Bind(_listener, at) < 0 || Libc.Listen(_listener, 4096) < 0)
        {
            throw new IOException($"Cannot listen on {at}: error {Marshal.GetLastPInvokeError()}.");
        }

        _ = Libc.Watch(_epoll, Libc.Add, _listener, Libc.EpollIn, ListenerTag);
    }

    /// <summary>Serves until all messages came and a while has passed, or the limit; true when all came.</summary>
    /// <param name="linger">How long to wait for duplicates after the last one.</param>
    public bool Run(TimeSpan limit, TimeSpan linger, CancellationToken stopping)
    {
        var start = Stopwatch.GetTimestamp();
        while (!stopping.IsCancellationRequested && Stopwatch.GetElapsedTime(start) < limit)
        {
            if (_results.Counters.Delivered >= _results.Messages && Stopwatch.GetElapsedTime(_results.Counters.LastDeliveredAt) >= linger)
            {
                break;
            }

            var count = Libc.EpollWait(_epoll, _events, EventRoom, 100);
            for (var i = 0; i < count; i++)
            {
                var (_, tag) = Libc.Event(_events, i);
                if (tag == ListenerTag)
                {
                    Accept();
                }
                else
                {
                    Serve(ref _slots[tag]);
                }
            }
        }

        return _results.Counters.Delivered >= _results.Messages;
    }

    public void Dispose()
    {
        _ = Libc.Close(_listener);
        foreach (var slot in _slots.Where(s => s.IsOpen))
        {
            _ = Libc.Close(slot.Descriptor);
        }

        _ = Libc.Close(_epoll);
        NativeMemory.Free(_buffers);
        NativeMemory.Free(_output);
        NativeMemory.Free(_events);
    }

    private void Accept()
    {
        while (_freeCount > 0 && Libc.Accept(_listener) is >= 0 and var descriptor)
        {
            var index = _free[--_freeCount];
            _slots[index] = new Slot { Index = index, Descriptor = descriptor, IsOpen = true };
            _results.Counters.SinkConnections++;
            Libc.NoDelay(descriptor);
            _ = Libc.Watch(_epoll, Libc.Add, descriptor, Libc.EpollIn, index);
            Reply("220 sink.rcpt.test ESMTP\r\n"u8);
            if (!Flush(ref _slots[index]))
            {
                Close(ref _slots[index]);
            }
        }
    }

    private void Serve(ref Slot slot)
    {
        if (!slot.IsOpen)
        {
            return;
        }

        var buffer = _buffers + (nint)slot.Index * BufferOctets;
        var read = Libc.Receive(slot.Descriptor, buffer + slot.Octets, BufferOctets - slot.Octets);
        if (read < 0 && Marshal.GetLastPInvokeError() == Libc.TryAgain)
        {
            return;
        }

        if (read <= 0)
        {
            Close(ref slot);
            return;
        }

        slot.Octets += (int)read;
        var octets = new ReadOnlySpan<byte>(buffer, slot.Octets);
        var taken = 0;
        while (!slot.HasQuit && Take(ref slot, octets[taken..], out var part))
        {
            taken += part;
        }

        if (!Flush(ref slot) || slot.HasQuit || (taken == 0 && slot.Octets == BufferOctets))
        {
            Close(ref slot);
            return;
        }

        octets[taken..].CopyTo(new Span<byte>(buffer, BufferOctets));
        slot.Octets -= taken;
    }

    /// <summary>Takes what is whole off the front; false when more has to come first.</summary>
    private bool Take(ref Slot slot, ReadOnlySpan<byte> octets, out int taken)
    {
        taken = 0;
        if (slot.Part == Part.Body)
        {
            return TakeBody(ref slot, octets, out taken);
        }

        var end = octets.IndexOf((byte)'\n');
        if (end < 0)
        {
            return false;
        }

        taken = end + 1;
        var line = octets[..end].TrimEnd((byte)'\r');
        if (slot.Part == Part.Commands)
        {
            Command(ref slot, line);
        }
        else if (line.IsEmpty)
        {
            // The blank line stays: its end may be the one before the final dot.
            (slot.Part, taken) = (Part.Body, 0);
        }
        else if (line.SequenceEqual("."u8))
        {
            Confirm(ref slot);
        }
        else if (line.StartsWith("X-Bench-Sequence: "u8)
            && System.Buffers.Text.Utf8Parser.TryParse(line["X-Bench-Sequence: ".Length..], out long sequence, out _))
        {
            slot.Sequence = sequence;
        }

        return true;
    }

    private bool TakeBody(ref Slot slot, ReadOnlySpan<byte> octets, out int taken)
    {
        var end = octets.IndexOf("\r\n.\r\n"u8);
        if (end < 0)
        {
            taken = Math.Max(0, octets.Length - 4);
            return taken > 0;
        }

        taken = end + 5;
        Confirm(ref slot);
        return true;
    }

    private void Confirm(ref Slot slot)
    {
        var now = Stopwatch.GetTimestamp();
        slot.Part = Part.Commands;
        if (slot.Sequence < 0 || slot.Sequence >= _results.Messages)
        {
            _results.Counters.Unknown++;
        }
        else if (_results[slot.Sequence].DeliveredAt != 0)
        {
            _results.Counters.Duplicates++;
        }
        else
        {
            _results[slot.Sequence].DeliveredAt = now;
            _results.Counters.LastDeliveredAt = now;
            Volatile.Write(ref _results.Counters.Delivered, _results.Counters.Delivered + 1);
        }

        // An id of its own for each, as true receivers give one.
        Span<byte> reply = stackalloc byte[64];
        Utf8.TryWrite(reply, $"250 2.0.0 Ok: queued as {slot.Sequence + 0x4_0000_0000:X10}\r\n", out var length);
        Reply(reply[..length]);
    }

    private void Command(ref Slot slot, ReadOnlySpan<byte> line)
    {
        var verb = line.Length < 4 ? 0 : ((line[0] & 0xDF) << 24) | ((line[1] & 0xDF) << 16) | ((line[2] & 0xDF) << 8) | (line[3] & 0xDF);
        switch (verb)
        {
            case ('E' << 24) | ('H' << 16) | ('L' << 8) | 'O':
                Reply("250-sink.rcpt.test\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n"u8);
                break;
            case ('M' << 24) | ('A' << 16) | ('I' << 8) | 'L':
                Reply("250 2.1.0 Ok\r\n"u8);
                break;
            case ('R' << 24) | ('C' << 16) | ('P' << 8) | 'T':
                Reply("250 2.1.5 Ok\r\n"u8);
                break;
            case ('D' << 24) | ('A' << 16) | ('T' << 8) | 'A':
                (slot.Part, slot.Sequence) = (Part.Header, -1);
                Reply("354 End data with <CR><LF>.<CR><LF>\r\n"u8);
                break;
            case ('Q' << 24) | ('U' << 16) | ('I' << 8) | 'T':
                Reply("221 2.0.0 Bye\r\n"u8);
                slot.HasQuit = true;
                break;
            case ('H' << 24) | ('E' << 16) | ('L' << 8) | 'O':
            case ('R' << 24) | ('S' << 16) | ('E' << 8) | 'T':
            case ('N' << 24) | ('O' << 16) | ('O' << 8) | 'P':
                Reply("250 2.0.0 Ok\r\n"u8);
                break;
            default:
                Reply("502 5.5.1 Not here\r\n"u8);
                break;
        }
    }

    private void Reply(ReadOnlySpan<byte> text)
    {
        // A client that pipelines hundreds of commands loses the replies that do not fit; none of the servers does.
        if (_outputOctets + text.Length <= ReplyRoom)
        {
            text.CopyTo(new Span<byte>(_output + _outputOctets, ReplyRoom - _outputOctets));
            _outputOctets += text.Length;
        }
    }

    private bool Flush(ref Slot slot)
    {
        var octets = _outputOctets;
        _outputOctets = 0;
        return octets == 0 || Libc.Send(slot.Descriptor, _output, octets) == octets;
    }

    private void Close(ref Slot slot)
    {
        slot.IsOpen = false;
        _ = Libc.Close(slot.Descriptor);
        _free[_freeCount++] = slot.Index;
    }

    private struct Slot
    {
        public int Index;
        public int Descriptor;
        public int Octets;
        public bool IsOpen;
        public bool HasQuit;
        public Part Part;
        public long Sequence;
    }
}
