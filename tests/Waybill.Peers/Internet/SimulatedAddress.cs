namespace Waybill.Peers.Internet;

/// <summary>A local part that means something in every domain.</summary>
/// <param name="LocalPart">What stands before the @; <c>unknown+anything@</c> means the same as <c>unknown@</c>.</param>
/// <param name="Description">One line, for the page and the printout.</param>
public sealed record SimulatedAddress(string LocalPart, string Description);

/// <summary>A domain of the simulated internet.</summary>
/// <param name="Receiver">The system behind it, for people; null where nobody takes mail.</param>
/// <param name="Description">One line, for the page and the printout.</param>
public sealed record SimulatedDomain(string Name, string? Receiver, string Description);

/// <summary>What one may write to.</summary>
public static class InternetCatalogue
{
    public static readonly IReadOnlyList<SimulatedAddress> Addresses =
    [
        new("anything", "is accepted, as every local part that is not in this list"),
        new("greylist", "is refused with 4yz the first time and accepted on a later attempt"),
        new("defer", "is refused with 4yz at RCPT every time"),
        new("full", "is refused with 4.2.2 at RCPT: the mailbox is full"),
        new("unknown", "is refused with 5yz at RCPT: no such user (also refuse@)"),
        new("blocked", "is refused with 5yz after the content"),
        new("bounce", "is accepted; a bounce message (RFC 3464) comes later"),
        new("complain", "is accepted; a complaint (RFC 5965) comes later"),
        new("hang", "gets no reply after the final dot"),
        new("drop", "loses the connection after the final dot although the message is kept; a second attempt is accepted"),
    ];

    /// <summary>The domains, without those that mail is sent from.</summary>
    public static readonly IReadOnlyList<SimulatedDomain> Domains =
    [
        new("gmail.test", "Gmail", "speaks like Gmail"),
        new("outlook.test", "Microsoft 365", "speaks like Microsoft 365"),
        new("yahoo.test", "Yahoo", "speaks like Yahoo; no id in its confirmation"),
        new("proofpoint.test", "Proofpoint", "speaks like a Proofpoint gateway"),
        new("postfix.test", "Postfix", "speaks like a Postfix host; so does every domain below rcpt.test"),
        new("exim.test", "Exim", "speaks like an Exim host"),
        new("badtls.test", "Postfix", "offers STARTTLS and breaks the handshake"),
        new("notls.test", "Postfix", "offers no STARTTLS"),
        new("noutf8.test", "Postfix", "offers no SMTPUTF8"),
        new("slow.test", "Postfix", "lets the greeting wait"),
        new("refuses.test", "Postfix", "refuses every connection with 554 at the greeting"),
        new("nomx.test", "Postfix", "has an address and no MX"),
        new("backup.test", "Postfix", "has a first MX where nothing listens and a second one that works"),
        new("nullmx.test", null, "takes no mail (null MX)"),
        new("down.test", null, "has an MX where nothing listens"),
        new("servfail.test", null, "gets SERVFAIL from DNS"),
        new("timeout.test", null, "gets no answer from DNS"),
        new("any-other.test", null, "does not exist (NXDOMAIN)"),
    ];
}
