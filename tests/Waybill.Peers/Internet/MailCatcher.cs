using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>Keeps what the simulated receivers took, in memory: the oldest goes when there are too many or they are too large.</summary>
public sealed class MailCatcher(int keptMessages, long keptOctets)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<CaughtMail> _mail = new();
    private readonly Dictionary<long, CaughtMail> _byId = [];
    private long _octets;
    private long _total;

    /// <summary>Raised after a message was caught, on the connection's thread: keep it short.</summary>
    public event Action<CaughtMail>? Caught;

    /// <summary>Messages caught so far, the forgotten ones too.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Messages that are still here.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _mail.Count;
            }
        }
    }

    /// <summary>The newest messages first.</summary>
    /// <param name="olderThan">Only messages with a lower id: the next page.</param>
    public IReadOnlyList<CaughtMail> Latest(int count, long olderThan = long.MaxValue)
    {
        lock (_lock)
        {
            return [.. _mail.Where(m => m.Id < olderThan).Take(count)];
        }
    }

    /// <summary>Null when there never was such a message or it is forgotten.</summary>
    public CaughtMail? Find(long id)
    {
        lock (_lock)
        {
            return _byId.GetValueOrDefault(id);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _mail.Clear();
            _byId.Clear();
            _octets = 0;
        }
    }

    internal void Add(string receiver, ReceivedMessage message, string reply)
    {
        CaughtMail mail;
        lock (_lock)
        {
            mail = new CaughtMail(
                Interlocked.Increment(ref _total),
                receiver,
                message.Recipients[0].Domain,
                message.ReversePath,
                [.. message.Recipients.Select(r => r.Address)],
                message.At,
                reply,
                message.Octets,
                message.Session.Tls,
                message.Content);
            _mail.AddFirst(mail);
            _byId.Add(mail.Id, mail);
            _octets += mail.Content.Length;
            while (_mail.Count > keptMessages || (_octets > keptOctets && _mail.Count > 1))
            {
                var oldest = _mail.Last!.Value;
                _mail.RemoveLast();
                _byId.Remove(oldest.Id);
                _octets -= oldest.Content.Length;
            }
        }

        Caught?.Invoke(mail);
    }
}
