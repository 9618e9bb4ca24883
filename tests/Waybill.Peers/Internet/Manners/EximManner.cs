using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet.Manners;

/// <summary>An Exim host: no enhanced status codes, an id of 6, 11 and 4 characters.</summary>
/// <param name="host">Its name, in the MX record and in what it says.</param>
public sealed class EximManner(PeerChance chance, TimeProvider clock, string host) : Manner(chance, clock)
{
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public override string Family => "exim";

    public override string Name => "Exim";

    public override string MxHost => host;

    public override string Host => host;

    public override SmtpOffers Offers =>
        SmtpOffers.Pipelining | SmtpOffers.Size | SmtpOffers.EightBitMime | SmtpOffers.Chunking | SmtpOffers.StartTls | SmtpOffers.Dsn;

    public override string Bye => $"221 {Host} closing connection";

    public override string Greet(SessionFacts session) => $"220 {Host} ESMTP Exim 4.98 {Date}";

    public override IReadOnlyList<string> EhloLines(SessionFacts session) =>
        [$"{Host} Hello {session.Helo} [{session.Client.Address}]", "{offers}", "HELP"];

    public override string TakeSender(ReceivedMessage message) => "250 OK";

    public override string TakeRecipient(ReceivedMessage message, ReceivedRecipient recipient) => "250 Accepted";

    public override string StartContent(ReceivedMessage message) => "354 Enter message, ending with \".\" on a line by itself";

    public override string Confirm(ReceivedMessage message) =>
        $"250 OK id={Encode(Clock.GetUtcNow().ToUnixTimeSeconds(), 6)}-{Encode(Chance.Between(1_000, 4_000_000), 11)}-{Chance.Base62(4)}";

    public override string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient) => "550 Unrouteable address";

    public override string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient) => "452 4.2.2 Mailbox is full";

    public override string Greylist(ReceivedMessage message, ReceivedRecipient recipient) => "451 Greylisted, please try again later";

    public override string Defer(ReceivedMessage message, ReceivedRecipient recipient) => "451 Temporary local problem - please try later";

    public override string Block(ReceivedMessage message) => "550 This message was classified as SPAM and may not be delivered";

    private static string Encode(long value, int length)
    {
        var text = new char[length];
        for (var i = length - 1; i >= 0; i--)
        {
            (text[i], value) = (Base62[(int)(value % 62)], value / 62);
        }

        return new string(text);
    }
}
