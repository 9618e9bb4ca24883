using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet.Manners;

/// <summary>A Proofpoint gateway: the confirmation holds the QID and the message's number in the session.</summary>
public sealed class ProofpointManner(PeerChance chance, TimeProvider clock) : Manner(chance, clock)
{
    public override string Family => "proofpoint-pps";

    public override string Name => "Proofpoint";

    public override string MxHost => "mxa-0012ab01.gslb.pphosted.com";

    public override string Host => "mx0a-0012ab01.pphosted.com";

    public override SmtpOffers Offers => SmtpOffers.All & ~(SmtpOffers.SmtpUtf8 | SmtpOffers.Chunking | SmtpOffers.Dsn);

    public override string Bye => $"221 2.0.0 {Host} Closing connection";

    public override string Greet(SessionFacts session) => $"220 {Host} ESMTP mfa-m0{Chance.Digits(6)}";

    public override IReadOnlyList<string> EhloLines(SessionFacts session) =>
        [$"{Host} Hello {session.Helo} [{session.Client.Address}], pleased to meet you", "{offers}"];

    public override string TakeSender(ReceivedMessage message) => "250 2.1.0 Sender ok";

    public override string TakeRecipient(ReceivedMessage message, ReceivedRecipient recipient) => "250 2.1.5 Recipient ok";

    public override string StartContent(ReceivedMessage message) => "354 Enter mail, end with \".\" on a line by itself";

    public override string Confirm(ReceivedMessage message) =>
        $"250 2.0.0 {Chance.Between(1, 9)}{Chance.LowerBase36(9)}-{message.Session.Messages} Message accepted for delivery";

    public override string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient) => "550 5.1.1 User Unknown";

    public override string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient) => $"452 4.2.2 <{recipient.Address}>... Mailbox full";

    public override string Greylist(ReceivedMessage message, ReceivedRecipient recipient) => "450 4.7.1 Greylisted, try again later";

    public override string Defer(ReceivedMessage message, ReceivedRecipient recipient) => "451 4.3.2 Please try again later";

    public override string Block(ReceivedMessage message) => "554 5.7.1 Message rejected for content reasons";
}
