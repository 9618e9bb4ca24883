namespace Waybill.Peers.Smtp;

/// <summary>What a receiver says at each point of the dialogue. Every part has a plain default: a script names what differs.</summary>
/// <remarks>
/// The functions are called on the connections' own threads, several at once. A recipient named in <see cref="Recipients"/>
/// (whole address first, then local part; a <c>+tag</c> is looked past) is asked before <see cref="OnRecipient"/> and
/// <see cref="OnContent"/>; of several recipients the first that has something to say about the content decides.
/// </remarks>
public sealed record ReceiverScript
{
    /// <summary>The name in the greeting and the EHLO reply.</summary>
    public string Host { get; init; } = "mx.receiver.test";

    public SmtpOffers Offers { get; init; } = SmtpOffers.All;

    public TlsManner Tls { get; init; } = TlsManner.Works;

    /// <summary>The SIZE that is offered; larger content is answered 552.</summary>
    public long MaxOctets { get; init; } = 52_428_800;

    /// <summary>Whole EHLO lines without codes, when the order or the words matter; {offers} stands for the usual lines.</summary>
    public Func<SessionFacts, IReadOnlyList<string>>? EhloLines { get; init; }

    public Func<SessionFacts, Response>? OnConnect { get; init; }

    public Func<ReceivedMessage, Response>? OnMail { get; init; }

    public Func<ReceivedMessage, ReceivedRecipient, Response>? OnRecipient { get; init; }

    /// <summary>Answers DATA; anything but 354 ends the transaction.</summary>
    public Func<ReceivedMessage, Response>? OnData { get; init; }

    /// <summary>Answers the content, after the final dot or the last BDAT.</summary>
    public Func<ReceivedMessage, Response>? OnContent { get; init; }

    public Func<SessionFacts, Response>? OnQuit { get; init; }

    /// <summary>Behaviour per recipient; keys are addresses or local parts in lower case.</summary>
    public IReadOnlyDictionary<string, RecipientBehaviour> Recipients { get; init; } = new Dictionary<string, RecipientBehaviour>();

    /// <summary>Finds what is scripted for an address.</summary>
    public RecipientBehaviour? BehaviourOf(ReceivedRecipient recipient)
    {
        var (local, domain) = (recipient.LocalPart.ToLowerInvariant(), recipient.Domain);
        var plus = local.IndexOf('+', StringComparison.Ordinal);
        var plain = plus > 0 ? local[..plus] : local;
        return Recipients.GetValueOrDefault($"{local}@{domain}")
            ?? Recipients.GetValueOrDefault($"{plain}@{domain}")
            ?? Recipients.GetValueOrDefault(plain);
    }
}

/// <summary>What is special about one recipient; null leaves a point as it is for everybody.</summary>
public sealed record RecipientBehaviour
{
    public Func<ReceivedMessage, ReceivedRecipient, Response?>? AtRcpt { get; init; }

    public Func<ReceivedMessage, ReceivedRecipient, Response?>? AtContent { get; init; }
}
