using System.Collections.Frozen;
using Waybill.Engine.Recording;
using Waybill.Mail.Smtp;

namespace Waybill.Web.Ui.Words;

/// <summary>What an event means, in one plain line under the peer's own words.</summary>
public static class Meaning
{
    // Subject and detail of RFC 3463 and the IANA registry that followed it; the class decides whether it is final.
    private static readonly FrozenDictionary<(int Subject, int Detail), string> ByStatus = new Dictionary<(int, int), string>
    {
        [(1, 0)] = "There is something wrong with the address.",
        [(1, 1)] = "There is no such mailbox at their side.",
        [(1, 2)] = "The domain does not exist or takes no mail.",
        [(1, 3)] = "They cannot read the address.",
        [(1, 6)] = "The mailbox has moved and left no new address.",
        [(1, 8)] = "They do not accept the sender's address.",
        [(1, 10)] = "The domain says that it takes no mail at all (null MX).",
        [(2, 1)] = "The mailbox is switched off or takes no mail at present.",
        [(2, 2)] = "The mailbox is full.",
        [(2, 3)] = "The message is larger than the mailbox allows.",
        [(3, 1)] = "Their mail system is full.",
        [(3, 2)] = "Their server takes no mail at present.",
        [(3, 4)] = "The message is larger than their server allows.",
        [(4, 1)] = "No server of theirs answered.",
        [(4, 2)] = "The connection broke.",
        [(4, 3)] = "A name server did not answer.",
        [(4, 4)] = "No way to their domain could be found.",
        [(4, 5)] = "Their server is too busy.",
        [(4, 6)] = "The mail goes round in circles between servers.",
        [(4, 7)] = "It could not be delivered within its lifetime.",
        [(5, 3)] = "Their server takes fewer recipients at a time.",
        [(6, 7)] = "The address needs international mail (SMTPUTF8), which their server does not offer.",
        [(7, 0)] = "Their policy does not allow it.",
        [(7, 1)] = "Their policy does not allow this sender, content or source address.",
        [(7, 8)] = "They ask for other credentials.",
        [(7, 10)] = "They ask for encryption.",
        [(7, 20)] = "No DKIM signature of it passes.",
        [(7, 23)] = "SPF does not allow our address to send for this domain.",
        [(7, 24)] = "SPF could not be checked.",
        [(7, 25)] = "Our address has no matching reverse name.",
        [(7, 26)] = "It passes neither SPF nor DKIM, or fails the sender's DMARC policy.",
        [(7, 27)] = "The sender's domain takes no mail itself (null MX).",
        [(7, 28)] = "They receive more mail from this source than they allow at present.",
    }.ToFrozenDictionary();

    /// <summary>The line for an event.</summary>
    public static string Of(TimelineEvent fact, ReaderClock clock) => fact.Kind switch
    {
        EventKind.Processed => "We took responsibility: it is on stable storage and will be tried until it is delivered or given up.",
        EventKind.Delivered => $"{Host(fact) ?? "The next hop"} took responsibility. This reply is the proof of it, and its id is what their administrator can search for.",
        EventKind.Deferred => $"{Reason(fact)} {Next(fact, clock)}",
        EventKind.SoftBounced => $"{Reason(fact)} No further attempt will be made.",
        EventKind.HardBounced => $"{Reason(fact)} This is final: no further attempt will be made.",
        EventKind.Rejected => "We refused it with this reply; it was not sent on.",
        EventKind.OutcomeUnknown => $"The connection broke after the last octet and before the reply: they may have it. {Next(fact, clock)}",
        EventKind.Cancelled => "A person gave this delivery up.",
        EventKind.RetryRequested => "A person asked for the next attempt at once.",
        _ => "",
    };

    /// <summary>The event's name on the rail.</summary>
    public static string Title(TimelineEvent fact) => fact.Kind switch
    {
        EventKind.Delivered => $"Accepted by {Host(fact) ?? "the next hop"}",
        _ => Outcome.Of(fact.Kind).Label,
    };

    private static string Reason(TimelineEvent fact)
    {
        // A policy that says "not now" is mostly greylisting or a rate: final words would mislead.
        if (fact.Status is "4.7.0" or "4.7.1")
        {
            return "Their policy does not take it at present: mostly greylisting of a first contact, or a limit on how much they take.";
        }

        if (EnhancedStatusCode.TryParsePrefix(fact.Status, out var status) && ByStatus.TryGetValue((status.Subject, status.Detail), out var words))
        {
            return words;
        }

        // Without an enhanced code only the reply code speaks (RFC 5321 §4.2.3); an answer without one is ours.
        return fact.Info.Length >= 3 && char.IsAsciiDigit(fact.Info[0]) ? fact.Info[..3] switch
        {
            "421" => "Their server closed the connection and asks us to come back later.",
            "450" => "The mailbox cannot be used at present; many servers greet a first contact like this (greylisting).",
            "451" => "Their server had a fault of its own or asks us to come back later.",
            "452" => "Their server is short of space.",
            "550" => "They do not take mail for this mailbox, or not from us.",
            "551" => "The mailbox is not there.",
            "552" => "The mailbox has no room for it.",
            "553" => "They do not accept the address.",
            "554" => "They refused the message.",
            ['4', ..] => "They refused it for now.",
            ['5', ..] => "They refused it for good.",
            _ => "They did not take it.",
        }
        : "The attempt did not get as far as an answer.";
    }

    private static string Next(TimelineEvent fact, ReaderClock clock) => fact.NextAttemptAt is { } next
        ? $"The next attempt was set for {clock.InWords(next)}."
        : "";

    private static string? Host(TimelineEvent fact) => fact.Attempt is { Host: { Length: > 0 } host } ? host : null;
}
