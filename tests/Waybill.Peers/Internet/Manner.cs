using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>How a receiving system speaks: banner, EHLO lines, confirmations and refusals in their true form.</summary>
/// <remarks>Every text is a whole reply, its lines with their codes and joined by a line feed. Each id is new.</remarks>
public abstract class Manner(PeerChance chance, TimeProvider clock)
{
    /// <summary>The reply family of the receivers' data that <see cref="Confirm"/> belongs to.</summary>
    public abstract string Family { get; }

    /// <summary>For people: "Gmail".</summary>
    public abstract string Name { get; }

    /// <summary>The host of the MX record.</summary>
    public abstract string MxHost { get; }

    /// <summary>The host of the banner and of the EHLO reply.</summary>
    public abstract string Host { get; }

    public abstract SmtpOffers Offers { get; }

    public virtual long MaxOctets => 52_428_800;

    protected PeerChance Chance => chance;

    protected TimeProvider Clock => clock;

    public abstract string Greet(SessionFacts session);

    public abstract IReadOnlyList<string> EhloLines(SessionFacts session);

    public virtual string TakeSender(ReceivedMessage message) => "250 2.1.0 Ok";

    public virtual string TakeRecipient(ReceivedMessage message, ReceivedRecipient recipient) => "250 2.1.5 Ok";

    public virtual string StartContent(ReceivedMessage message) => "354 End data with <CR><LF>.<CR><LF>";

    /// <summary>The 250 after the content.</summary>
    public abstract string Confirm(ReceivedMessage message);

    public abstract string UnknownUser(ReceivedMessage message, ReceivedRecipient recipient);

    public abstract string MailboxFull(ReceivedMessage message, ReceivedRecipient recipient);

    public abstract string Greylist(ReceivedMessage message, ReceivedRecipient recipient);

    /// <summary>A "not now" at RCPT; with 421 the connection ends.</summary>
    public abstract string Defer(ReceivedMessage message, ReceivedRecipient recipient);

    /// <summary>The refusal of the content.</summary>
    public abstract string Block(ReceivedMessage message);

    public virtual string Bye => "221 2.0.0 Bye";

    /// <summary>Time as RFC 5322 §3.3 writes it.</summary>
    protected string Date => clock.GetUtcNow().ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", System.Globalization.CultureInfo.InvariantCulture);
}
