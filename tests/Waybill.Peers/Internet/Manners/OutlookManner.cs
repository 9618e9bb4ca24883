using System.Globalization;
using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet.Manners;

/// <summary>Microsoft 365: the confirmation quotes the Message-ID, an InternalId and the mailbox server.</summary>
public sealed class OutlookManner(PeerChance chance, TimeProvider clock) : Manner(chance, clock)
{
    public override string Family => "exchange";

    public override string Name => "Microsoft 365";

    public override string MxHost => "outlook-test.mail.protection.outlook.com";

    public override string Host => "AM4PEPF00027A69.mail.protection.outlook.com";

    public override SmtpOffers Offers => SmtpOffers.All;

    public override long MaxOctets => 49_283_072;

    public override string Bye => "221 2.0.0 Service closing transmission channel";

    public override string Greet(SessionFacts session) => $"220 {Host} Microsoft ESMTP MAIL Service ready at {Date} [{Chance.UpperHex(16)}]";

    public override IReadOnlyList<string> EhloLines(SessionFacts session) => [$"{Host} Hello [{session.Client.Address}]", "{offers}"];

    public override string TakeSender(ReceivedMessage message) => "250 2.1.0 Sender OK";

    public override string TakeRecipient(ReceivedMessage message, ReceivedRecipient recipient) => "250 2.1.5 Recipient OK";

    public override string StartContent(ReceivedMessage message) => "354 Start mail input; end with <CRLF>.<CRLF>";

    public override string Confirm(ReceivedMessage message)
    {
        var messageId = message.HeaderField("Message-ID") is ['<', .., '>'] own
            ? own
            : $"<{Chance.LowerHex(8)}-{Chance.LowerHex(4)}-{Chance.LowerHex(4)}-{Chance.LowerHex(4)}-{Chance.LowerHex(12)}@{Host}>";
        var seconds = 0.05 + Chance.Fraction() * 0.4;
        var rate = message.Octets / 1024.0 / seconds;
        var server = $"LV4PR05MB{Chance.Digits(5)}.namprd05.prod.outlook.com";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"250 2.6.0 {messageId} [InternalId={Chance.Between(1, 9)}{Chance.Digits(13)}, Hostname={server}] {message.Octets} bytes in {seconds:F3}, {rate:F3} KB/sec Queued mail for delivery -> 250 2.1.5");
    }

    public override string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {recipient.Address} not found by SMTP address lookup [{Host} {Clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Chance.UpperHex(16)}]";

    public override string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient) =>
        "452 4.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException";

    public override string Greylist(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"451 4.7.500 Server busy. Please try again later from [{message.Session.Client.Address}]. (S77719) [{Host} {Clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Chance.UpperHex(16)}]";

    public override string Defer(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"451 4.7.650 The mail server [{message.Session.Client.Address}] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://aka.ms/postmaster (S775) [{Host}]";

    public override string Block(ReceivedMessage message) =>
        $"550 5.7.606 Access denied, banned sending IP [{message.Session.Client.Address}]. To request removal from this list please visit https://sender.office.com/ and follow the directions. For more information please go to http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609)";
}
