using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Waybill.Bench.Load;

/// <summary>Sends messages as fast, or as steadily, as it is told: one thread, one epoll, and nothing allocated for a message.</summary>
/// <remarks>
/// Source, sink and server share the machine, so what the source burns is missing from the server: commands go in
/// lock-step as a plain client sends them, the body is one buffer for all messages and is never copied.
/// </remarks>
internal sealed unsafe class LoadSource : IDisposable
{
    private const int ReplyRoom = 1024;
    private const int EventRoom = 256;
    private const long Second = 1_000_000_000;

    private readonly SourceOptions _options;
    private readonly ResultFile _results;
    private readonly Slot[] _slots;
    private readonly int[] _free;
    private readonly int[] _idle;
    private readonly LoadContent _content;
    private readonly byte* _replies;
    private readonly byte* _events;
    private readonly int _epoll;
    private int _freeCount;
    private int _idleCount;
    private int _active;
    private long _next;
    private long _startedAt;

    private enum Step : byte
    {
        Closed,
        Greeting,
        Ehlo,
        Mail,
        Rcpt,
        Data,
        Content,
        Reset,
        Idle,
        Closing,
    }

    public LoadSource(SourceOptions options, ResultFile results, TimeProvider clock)
    {
        (_options, _results) = (options, results);

        // Connections that only wait for their 221 hold a slot too; a server that delays it must not hold up the load.
        _slots = new Slot[options.Sessions * 4];
        _free = new int[_slots.Length];
        _idle = new int[_slots.Length];
        for (var i = 0; i < _slots.Length; i++)
        {
            _free[_freeCount++] = _slots.Length - 1 - i;
        }

        _replies = (byte*)NativeMemory.Alloc((nuint)_slots.Length, ReplyRoom);
        _events = (byte*)NativeMemory.AllocZeroed(EventRoom, 16);
        _content = new LoadContent(options.SizeOctets, options.Domains, _slots.Length, clock);
        _epoll = Libc.EpollCreate(0);
    }

    /// <summary>Sends everything; true when every message was accepted.</summary>
    public bool Run(CancellationToken stopping)
    {
        _startedAt = _results.Counters.StartedAt = Stopwatch.GetTimestamp();
        var limit = _startedAt + (long)(_options.Limit.TotalSeconds * Second);
        var drainUntil = long.MaxValue;
        while (!stopping.IsCancellationRequested)
        {
            var now = Stopwatch.GetTimestamp();
            StartDue(now);
            if (_next == _results.Messages && _active == 0)
            {
                // The last connections get a moment to hear their 221.
                drainUntil = Math.Min(drainUntil, now + Second);
                if (_freeCount == _slots.Length || now > drainUntil)
                {
                    break;
                }
            }

            if (now > limit)
            {
                break;
            }

            var count = Libc.EpollWait(_epoll, _events, EventRoom, Patience(now));
            for (var i = 0; i < count; i++)
            {
                var (ready, tag) = Libc.Event(_events, i);
                Serve(tag, ready);
            }
        }

        return _results.Counters.Accepted == _results.Messages;
    }

    public void Dispose()
    {
        foreach (var slot in _slots.Where(s => s.Step != Step.Closed))
        {
            _ = Libc.Close(slot.Descriptor);
        }

        _ = Libc.Close(_epoll);
        _content.Dispose();
        NativeMemory.Free(_replies);
        NativeMemory.Free(_events);
    }

    private long DueBy(long now) => _options.Rate == 0
        ? _results.Messages
        : Math.Min(_results.Messages, (long)((now - _startedAt) / (double)Second * _options.Rate) + 1);

    private int Patience(long now)
    {
        if (_options.Rate == 0 || _next == _results.Messages)
        {
            return 100;
        }

        var dueAt = _startedAt + (long)(_next / (double)_options.Rate * Second);
        return (int)Math.Clamp((dueAt - now + 999_999) / 1_000_000, 1, 100);
    }

    private void StartDue(long now)
    {
        var due = DueBy(now);
        while (_next < due && _active < _options.Sessions && (_idleCount > 0 || _freeCount > 0))
        {
            if (_idleCount > 0)
            {
                BeginMessage(ref _slots[_idle[--_idleCount]]);
            }
            else
            {
                Dial();
            }
        }

        while (_next == _results.Messages && _idleCount > 0)
        {
            Leave(ref _slots[_idle[--_idleCount]]);
        }
    }

    private void Dial()
    {
        var index = _free[--_freeCount];
        ref var slot = ref _slots[index];
        slot = new Slot { Index = index, Descriptor = Libc.StreamSocket(), Step = Step.Greeting, Sequence = _next++ };
        _active++;
        _results.Counters.SourceConnections++;
        if (slot.Descriptor < 0
            || (Libc.Connect(slot.Descriptor, _options.Target) < 0 && Marshal.GetLastPInvokeError() != Libc.InProgress)
            || Libc.Watch(_epoll, Libc.Add, slot.Descriptor, Libc.EpollIn, index) < 0)
        {
            Lose(ref slot);
        }
    }

    private void BeginMessage(ref Slot slot)
    {
        slot.Sequence = _next++;
        _active++;
        slot.Step = Step.Mail;
        Say(ref slot, "MAIL FROM:<bounce@sender.test>\r\n"u8);
    }

    private void Serve(int index, uint ready)
    {
        ref var slot = ref _slots[index];
        if (slot.Step == Step.Closed)
        {
            return;
        }

        if ((ready & Libc.EpollOut) != 0)
        {
            PushContent(ref slot);
        }

        if ((ready & ~Libc.EpollOut) == 0 || slot.Step == Step.Closed)
        {
            return;
        }

        var replies = _replies + index * ReplyRoom;
        var read = Libc.Receive(slot.Descriptor, replies + slot.ReplyOctets, ReplyRoom - slot.ReplyOctets);
        if (read <= 0)
        {
            if (read == 0 || Marshal.GetLastPInvokeError() != Libc.TryAgain)
            {
                Lose(ref slot);
            }

            return;
        }

        slot.ReplyOctets += (int)read;
        var text = new ReadOnlySpan<byte>(replies, slot.ReplyOctets);
        if (text[^1] != '\n')
        {
            if (text.Length == ReplyRoom)
            {
                Lose(ref slot);
            }

            return;
        }

        var last = text[(text[..^1].LastIndexOf((byte)'\n') + 1)..];
        if (last.Length >= 4 && last[3] == '-')
        {
            return;
        }

        slot.ReplyOctets = 0;
        Answered(ref slot, last.Length >= 3 ? last[0] : (byte)0);
    }

    /// <summary>Goes on after a whole reply, by its first digit: in lock-step that is all a client needs.</summary>
    private void Answered(ref Slot slot, byte digit)
    {
        switch (slot.Step)
        {
            case Step.Closing:
                Free(ref slot);
                break;
            case Step.Greeting when digit == '2':
                slot.Step = Step.Ehlo;
                Say(ref slot, "EHLO load.sender.test\r\n"u8);
                break;
            case Step.Ehlo when digit == '2':
                slot.Step = Step.Mail;
                Say(ref slot, "MAIL FROM:<bounce@sender.test>\r\n"u8);
                break;
            case Step.Mail when digit == '2':
                slot.Step = Step.Rcpt;
                SayRecipient(ref slot);
                break;
            case Step.Rcpt when digit == '2':
                slot.Step = Step.Data;
                Say(ref slot, "DATA\r\n"u8);
                break;
            case Step.Data when digit == '3':
                SendContent(ref slot);
                break;
            case Step.Content when digit == '2':
                Accepted(ref slot);
                break;
            case Step.Reset when digit == '2':
                Next(ref slot);
                break;
            case Step.Mail or Step.Rcpt or Step.Data or Step.Content:
                _results.Counters.Failed++;
                _active--;
                slot.Step = Step.Reset;
                Say(ref slot, "RSET\r\n"u8);
                break;
            default:
                Lose(ref slot);
                break;
        }
    }

    private void Accepted(ref Slot slot)
    {
        var now = Stopwatch.GetTimestamp();
        _results[slot.Sequence].AcceptedAt = now;
        _results.Counters.LastAcceptedAt = now;
        Volatile.Write(ref _results.Counters.Accepted, _results.Counters.Accepted + 1);
        _active--;
        slot.Sent++;
        Next(ref slot);
    }

    private void Next(ref Slot slot)
    {
        if ((_options.PerConnection > 0 && slot.Sent >= _options.PerConnection) || _next == _results.Messages)
        {
            Leave(ref slot);
            return;
        }

        slot.Step = Step.Idle;
        _idle[_idleCount++] = slot.Index;
    }

    private void Leave(ref Slot slot)
    {
        slot.Step = Step.Closing;
        Say(ref slot, "QUIT\r\n"u8);
    }

    private void Lose(ref Slot slot)
    {
        if (slot.Step is >= Step.Greeting and <= Step.Content)
        {
            _results.Counters.Failed++;
            _active--;
        }

        if (slot.Step == Step.Idle)
        {
            var at = Array.IndexOf(_idle, slot.Index, 0, _idleCount);
            _idle[at] = _idle[--_idleCount];
        }

        Free(ref slot);
    }

    private void Free(ref Slot slot)
    {
        slot.Step = Step.Closed;
        _ = Libc.Close(slot.Descriptor);
        _free[_freeCount++] = slot.Index;
    }

    private void Say(ref Slot slot, ReadOnlySpan<byte> command)
    {
        fixed (byte* octets = command)
        {
            // A command is far smaller than an empty socket buffer: part of it going out is a broken connection.
            if (Libc.Send(slot.Descriptor, octets, command.Length) != command.Length)
            {
                Lose(ref slot);
            }
        }
    }

    private void SayRecipient(ref Slot slot)
    {
        Span<byte> command = stackalloc byte[96];
        Utf8.TryWrite(command, $"RCPT TO:<user{slot.Sequence}@d{slot.Sequence % _options.Domains}.rcpt.test>\r\n", out var length);
        Say(ref slot, command[..length]);
    }

    private void SendContent(ref Slot slot)
    {
        (slot.HeaderOctets, slot.ContentOctets) = _content.Prepare(slot.Index, slot.Sequence);
        slot.ContentSent = 0;
        slot.Step = Step.Content;
        PushContent(ref slot);
    }

    private void PushContent(ref Slot slot)
    {
        if (slot.Step != Step.Content || slot.ContentSent == slot.ContentOctets)
        {
            return;
        }

        var written = _content.Send(slot.Descriptor, slot.Index, slot.HeaderOctets, slot.ContentOctets, slot.ContentSent);
        if (written < 0 && Marshal.GetLastPInvokeError() != Libc.TryAgain)
        {
            Lose(ref slot);
            return;
        }

        slot.ContentSent += (int)Math.Max(0, written);
        var isDone = slot.ContentSent == slot.ContentOctets;
        if (isDone)
        {
            _results[slot.Sequence].DotSentAt = Stopwatch.GetTimestamp();
        }

        if (slot.WatchesOutput == isDone)
        {
            slot.WatchesOutput = !isDone;
            _ = Libc.Watch(_epoll, Libc.Modify, slot.Descriptor, Libc.EpollIn | (isDone ? 0 : Libc.EpollOut), slot.Index);
        }
    }

    private struct Slot
    {
        public int Index;
        public int Descriptor;
        public Step Step;
        public bool WatchesOutput;
        public int Sent;
        public int ReplyOctets;
        public int HeaderOctets;
        public int ContentOctets;
        public int ContentSent;
        public long Sequence;
    }
}
