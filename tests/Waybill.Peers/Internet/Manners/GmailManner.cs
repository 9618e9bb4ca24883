using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet.Manners;

/// <summary>Google's receiving servers: every reply ends with the transaction's id and <c>gsmtp</c>.</summary>
public sealed class GmailManner(PeerChance chance, TimeProvider clock) : Manner(chance, clock)
{
    public override string Family => "google";

    public override string Name => "Gmail";

    public override string MxHost => "gmail-smtp-in.l.google.com";

    public override string Host => "mx.google.com";

    public override SmtpOffers Offers => SmtpOffers.All & ~SmtpOffers.Dsn;

    public override long MaxOctets => 157_286_400;

    public override string Bye => $"221 2.0.0 closing connection {NewId()} - gsmtp";

    public override string Greet(SessionFacts session) => $"220 {Host} ESMTP {NewId()} - gsmtp";

    public override IReadOnlyList<string> EhloLines(SessionFacts session) =>
        [$"{Host} at your service, [{session.Client.Address}]", "{offers}"];

    public override string TakeSender(ReceivedMessage message) => $"250 2.1.0 OK {NewId()} - gsmtp";

    public override string TakeRecipient(ReceivedMessage message, ReceivedRecipient recipient) => $"250 2.1.5 OK {NewId()} - gsmtp";

    public override string StartContent(ReceivedMessage message) => $"354 Go ahead {NewId()} - gsmtp";

    public override string Confirm(ReceivedMessage message) =>
        $"250 2.0.0 OK  {Clock.GetUtcNow().ToUnixTimeSeconds()} {NewId()} - gsmtp";

    public override string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"""
        550-5.1.1 The email account that you tried to reach does not exist. Please try
        550-5.1.1 double-checking the recipient's email address for typos or
        550-5.1.1 unnecessary spaces. For more information, go to
        550 5.1.1  https://support.google.com/mail/?p=NoSuchUser {NewId()} - gsmtp
        """;

    public override string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"""
        452-4.2.2 The recipient's inbox is out of storage space. Please direct the
        452-4.2.2 recipient to
        452 4.2.2  https://support.google.com/mail/?p=OverQuotaTemp {NewId()} - gsmtp
        """;

    public override string Greylist(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"""
        450-4.2.1 The user you are trying to contact is receiving email too quickly.
        450-4.2.1 Please resend your message at a later time. For more information, go to
        450 4.2.1  https://support.google.com/mail/?p=ReceivingRate {NewId()} - gsmtp
        """;

    public override string Defer(ReceivedMessage message, ReceivedRecipient recipient) =>
        $"451 4.3.0 Mail server temporarily rejected message. {NewId()} - gsmtp";

    public override string Block(ReceivedMessage message) =>
        $"""
        550-5.7.1 [{message.Session.Client.Address}      12] Our system has detected that this message is
        550-5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail,
        550-5.7.1 this message has been blocked. For more information, go to
        550 5.7.1  https://support.google.com/mail/?p=UnsolicitedMessageError {NewId()} - gsmtp
        """;

    // Instance, "si" for a message taken by an MX, cell.
    private string NewId() =>
        $"{Chance.LowerHex(12)}-{Chance.LowerHex(11)}si{Chance.Between(1_000_000, 99_999_999)}{Chance.LowerBase36(2)}.{Chance.Between(1, 999)}";
}
