using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Delivering;

/// <summary>What a reply, or its absence, means for a recipient. Pure. The wire's codes decide, never a stranger's prose.</summary>
public static class OutcomeRules
{
    /// <summary>The verdict of a reply.</summary>
    /// <param name="isOnlyRecipient">Whether the transaction has one recipient, so that a word about "the mailbox" after the data is about it.</param>
    public static Verdict OfReply(DialogueStage stage, PeerReply reply, bool isOnlyRecipient) => (stage, reply.Class) switch
    {
        (DialogueStage.EndOfData, 2) => new(EventKind.Delivered, reply.Status, reply.Text),

        // The peer speaks of itself or of us, not of the message: another host or another hour may take it.
        (DialogueStage.Connection or DialogueStage.Greeting or DialogueStage.Ehlo or DialogueStage.Tls, 4 or 5) =>
            new(EventKind.Deferred, AsTemporary(reply.Status) ?? new(4, 3, 2), reply.Text),
        (_, 4) => new(EventKind.Deferred, reply.Status, reply.Text),
        (_, 5) => new(IsHard(stage, reply, isOnlyRecipient) ? EventKind.HardBounced : EventKind.SoftBounced, reply.Status, reply.Text),
        _ => OutOfStep(stage, reply),
    };

    /// <summary>
    /// Whether a 5yz says that the address itself takes no mail, so that nothing should be sent to it again.
    /// </summary>
    /// <remarks>
    /// The enhanced code decides where there is one that says something (RFC 3463 §3.2, §3.3). Where there is none, or
    /// only "other" (x.0.0), the reply code does, and only at RCPT: 550, 551, 553 are about the mailbox there
    /// (RFC 5321 §4.3.2), 556 about its domain (RFC 7504). A bare 550 may be policy as well; servers that refuse by
    /// policy nearly all say 5.7.1, those that give no codes are old and mean the user.
    /// </remarks>
    private static bool IsHard(DialogueStage stage, PeerReply reply, bool isOnlyRecipient)
    {
        if (stage is not DialogueStage.Rcpt && !(stage is (DialogueStage.EndOfData or DialogueStage.Data) && isOnlyRecipient))
        {
            return false;
        }

        return reply.Status is { } status && status is not { Subject: 0, Detail: 0 }
            ? (status.Subject, status.Detail) is (1, 1) or (1, 2) or (1, 3) or (1, 6) or (1, 10) or (2, 1)
            : stage is DialogueStage.Rcpt && reply.Code is (550 or 551 or 553 or 556);
    }

    /// <summary>A reply that the protocol does not know at this place, as 250 to DATA: nothing can be concluded from it.</summary>
    public static Verdict OutOfStep(DialogueStage stage, PeerReply reply) => stage == DialogueStage.EndOfData
        ? new(EventKind.OutcomeUnknown, new(4, 5, 0), $"The server answered the end of data out of step: {reply.Text}")
        : new(EventKind.Deferred, new(4, 5, 0), $"The server answered {NameOf(stage)} out of step: {reply.Text}");

    /// <summary>The connection gave no reply.</summary>
    /// <param name="timedOut">Whether it still stood when the wait ended.</param>
    /// <param name="dotSent">Whether the final dot, or the last octet of BDAT LAST, had left.</param>
    public static Verdict OfSilence(DialogueStage stage, string what, bool timedOut, bool dotSent)
    {
        // RFC 5321 §4.5.3.2.6, §6.1: the peer may hold the message and have lost only its reply. Sending again may
        // make two; not sending may make none. Two is the better mistake.
        if (dotSent)
        {
            return new(EventKind.OutcomeUnknown, new(4, 4, 2), $"After the final dot: {what}. The server may have taken the message");
        }

        var status = stage == DialogueStage.Connection || timedOut ? new EnhancedStatusCode(4, 4, 1) : new EnhancedStatusCode(4, 4, 2);
        return new(EventKind.Deferred, status, $"{Sentence(NameOf(stage))}: {what}");
    }

    /// <summary>The route leads nowhere, for now.</summary>
    public static Verdict OfRoute(Route.Deferred route) => new(EventKind.Deferred, route.Status, route.Diagnostic);

    /// <summary>
    /// The route leads nowhere for good. Hard where the domain itself does not exist or takes no mail (5.1.2, 5.1.10);
    /// soft where its DNS or ours is set wrong, since that is mended without anybody changing an address.
    /// </summary>
    public static Verdict OfRoute(Route.Unroutable route) =>
        new(route.Status.Subject == 1 ? EventKind.HardBounced : EventKind.SoftBounced, route.Status, route.Diagnostic);

    /// <summary>TLS is required and did not come about.</summary>
    public static Verdict OfTls(string problem) => new(EventKind.Deferred, new(4, 7, 5), $"TLS is required here: {problem}");

    public static Verdict TooLarge(long octets, long limit) =>
        new(EventKind.SoftBounced, new(5, 3, 4), $"The message has {octets} octets; the server takes {limit} (SIZE)");

    // RFC 6531 §3.6: 550 or 553 with X.6.7 when the next hop cannot take an internationalized message.
    public static Verdict NeedsSmtpUtf8(string host) =>
        new(EventKind.SoftBounced, new(5, 6, 7), $"The address or message needs SMTPUTF8, which {host} does not offer");

    /// <summary>A fault on this side, such as a disk that cannot be read.</summary>
    public static Verdict LocalFault(string what) => new(EventKind.Deferred, new(4, 3, 0), $"On this server: {what}");

    /// <summary>Not this transaction's turn: the server takes fewer recipients at once (RFC 5321 §4.5.3.1.10).</summary>
    public static Verdict NextTransaction(string what) => new(EventKind.Deferred, new(4, 5, 3), what) { TryAgainAtOnce = true };

    private static EnhancedStatusCode? AsTemporary(EnhancedStatusCode? status) =>
        status is { } s ? new EnhancedStatusCode(4, s.Subject, s.Detail) : null;

    private static string NameOf(DialogueStage stage) => stage switch
    {
        DialogueStage.Connection => "the connection",
        DialogueStage.Greeting => "the greeting",
        DialogueStage.Ehlo => "EHLO",
        DialogueStage.Tls => "STARTTLS",
        DialogueStage.Mail => "MAIL",
        DialogueStage.Rcpt => "RCPT",
        DialogueStage.Data => "DATA",
        _ => "the end of data",
    };

    private static string Sentence(string text) => char.IsLower(text[0]) ? char.ToUpperInvariant(text[0]) + text[1..] : text;
}
