using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet.Manners;

/// <summary>A Postfix host.</summary>
/// <param name="host">Its name, in the MX record and in what it says.</param>
public sealed class PostfixManner(PeerChance chance, TimeProvider clock, string host) : Manner(chance, clock)
{
    public override string Family => "postfix";

    public override string Name => "Postfix";

    public override string MxHost => host;

    public override string Host => host;

    public override SmtpOffers Offers => SmtpOffers.All;

    public override string Greet(SessionFacts session) => $"220 {Host} ESMTP Postfix (Debian/GNU)";

    public override IReadOnlyList<string> EhloLines(SessionFacts session) => [Host, "VRFY", "ETRN", "{offers}"];

    // Microseconds in five hexadecimal digits, then the inode: the short queue id.
    public override string Confirm(ReceivedMessage message) =>
        $"250 2.0.0 Ok: queued as {Chance.Between(0, 999_999):X5}{Chance.Between(0x20000, 0xFFFFF):X}";

    public override string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"550 5.1.1 <{recipient.Address}>: Recipient address rejected: User unknown in virtual mailbox table";

    public override string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"452 4.2.2 <{recipient.Address}>: Recipient address rejected: Mailbox is full";

    public override string Greylist(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"450 4.2.0 <{recipient.Address}>: Recipient address rejected: Greylisted, see https://postgrey.schweikert.ch/help/{recipient.Domain}.html";

    public override string Defer(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"451 4.3.5 <{recipient.Address}>: Recipient address rejected: Server configuration problem";

    public override string Block(ReceivedMessage message) => "554 5.7.1 Spam message rejected";
}
