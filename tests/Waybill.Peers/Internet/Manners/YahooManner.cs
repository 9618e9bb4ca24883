using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet.Manners;

/// <summary>Yahoo: a confirmation without any id, and refusals with bracketed codes.</summary>
public sealed class YahooManner(PeerChance chance, TimeProvider clock) : Manner(chance, clock)
{
    public override string Family => "yahoo";

    public override string Name => "Yahoo";

    public override string MxHost => "mta5.am0.yahoodns.net";

    public override string Host => "mtaproxy512.free.mail.ne1.yahoo.com";

    public override SmtpOffers Offers => SmtpOffers.Pipelining | SmtpOffers.Size | SmtpOffers.EightBitMime | SmtpOffers.StartTls;

    public override long MaxOctets => 41_943_040;

    public override string Bye => $"221 {Host}";

    public override string Greet(SessionFacts session) => $"220 {Host} ESMTP ready";

    public override IReadOnlyList<string> EhloLines(SessionFacts session) => [Host, "{offers}"];

    public override string TakeSender(ReceivedMessage message) => $"250 sender <{message.ReversePath}> ok";

    public override string TakeRecipient(ReceivedMessage message, ReceivedRecipient recipient) => $"250 recipient <{recipient.Address}> ok";

    public override string StartContent(ReceivedMessage message) => "354 go ahead";

    public override string Confirm(ReceivedMessage message) => "250 ok dirdel";

    public override string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"554 delivery error: dd This user doesn't have a {recipient.Domain} account ({recipient.Address}) [0] - {Host}";

    public override string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient) => $"452 4.2.2 Over quota <{recipient.Address}>";

    public override string Greylist(ReceivedMessage message, ReceivedRecipient recipient) =>
        "451 Message temporarily deferred - [160]";

    public override string Defer(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"421 4.7.0 [TSS04] Messages from {message.Session.Client.Address} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes";

    public override string Block(ReceivedMessage message) =>
        "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes [120]";
}
