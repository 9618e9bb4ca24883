using System.Collections.Concurrent;
using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>What the local parts of <see cref="InternetCatalogue.Addresses"/> do, in the words of one manner.</summary>
internal sealed class AddressBehaviours(Manner manner, InternetOptions options, Action<ReceivedMessage, string> catches, Action<ReturnKind, ReceivedMessage, ReceivedRecipient> sendsBack)
{
    // Attempts are remembered for addresses that treat the second one differently; more than this is a load run.
    private const int MaxRemembered = 50_000;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyDictionary<string, RecipientBehaviour> All => new Dictionary<string, RecipientBehaviour>
    {
        ["greylist"] = new() { AtRcpt = Greylist },
        ["defer"] = new() { AtRcpt = (m, r) => Refuse(manner.Defer(m, r)) },
        ["full"] = new() { AtRcpt = (m, r) => Refuse(manner.MailboxFull(m, r)) },
        ["unknown"] = new() { AtRcpt = (m, r) => Refuse(manner.UnknownUser(m, r)) },
        ["refuse"] = new() { AtRcpt = (m, r) => Refuse(manner.UnknownUser(m, r)) },
        ["blocked"] = new() { AtContent = (m, _) => Refuse(manner.Block(m)) },
        ["bounce"] = new() { AtContent = (m, r) => AcceptAndReturn(ReturnKind.Bounce, m, r) },
        ["complain"] = new() { AtContent = (m, r) => AcceptAndReturn(ReturnKind.Complaint, m, r) },
        ["hang"] = new() { AtContent = (_, _) => Response.Stall(options.HangFor) },
        ["drop"] = new() { AtContent = DropOnce },
    };

    /// <summary>Takes a message, as for any address.</summary>
    public Response Accept(ReceivedMessage message)
    {
        var reply = manner.Confirm(message);
        catches(message, reply);
        return Response.Say(reply);
    }

    private Response? Greylist(ReceivedMessage message, ReceivedRecipient recipient)
    {
        // Client, sender and recipient, as postgrey keeps them.
        var now = options.Clock.GetUtcNow();
        var first = FirstSeen($"{message.Session.Client.Address}/{message.ReversePath}/{recipient.Address}", now);
        return now - first >= options.GreylistFor && first != now ? null : Refuse(manner.Greylist(message, recipient));
    }

    private Response DropOnce(ReceivedMessage message, ReceivedRecipient recipient)
    {
        var now = options.Clock.GetUtcNow();
        var key = $"{message.ReversePath}/{recipient.Address}/{message.HeaderField("Message-ID")}";
        if (_seen.ContainsKey(key))
        {
            return Accept(message);
        }

        FirstSeen(key, now);
        catches(message, "");
        return Response.Drop;
    }

    private Response AcceptAndReturn(ReturnKind kind, ReceivedMessage message, ReceivedRecipient recipient)
    {
        var response = Accept(message);
        foreach (var same in message.Recipients.Where(r => r.LocalPart.Split('+')[0].Equals(recipient.LocalPart.Split('+')[0], StringComparison.OrdinalIgnoreCase)))
        {
            sendsBack(kind, message, same);
        }

        return response;
    }

    private DateTimeOffset FirstSeen(string key, DateTimeOffset now)
    {
        if (_seen.Count > MaxRemembered)
        {
            _seen.Clear();
        }

        return _seen.GetOrAdd(key, now);
    }

    private static Response Refuse(string reply) =>
        reply.StartsWith("421", StringComparison.Ordinal) ? Response.SayAndClose(reply) : Response.Say(reply);
}
