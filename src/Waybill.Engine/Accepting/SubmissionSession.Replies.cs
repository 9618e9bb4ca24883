using System.Globalization;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Accepting;

public sealed partial class SubmissionSession
{
    /// <summary>Every reply of a session, to be laid beside the RFCs.</summary>
    internal static class Replies
    {
        public static readonly SmtpReply Ok = new(250, new(2, 0, 0), "OK");
        public static readonly SmtpReply Reset = new(250, new(2, 0, 0), "Transaction forgotten");
        public static readonly SmtpReply SenderOk = new(250, new(2, 1, 0), "Sender OK");
        public static readonly SmtpReply RecipientOk = new(250, new(2, 1, 5), "Recipient OK");
        public static readonly SmtpReply Bye = new(221, new(2, 0, 0), "Bye");
        public static readonly SmtpReply StartMailInput = new(354, null, "Send the message; end it with a dot on a line of its own");
        public static readonly SmtpReply Help = new(214, new(2, 0, 0), "EHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT; the manual tells the rest");
        public static readonly SmtpReply CannotVerify = new(252, new(2, 5, 2), "Addresses are not verified here; send the message and follow its timeline");
        public static readonly SmtpReply NotImplemented = new(502, new(5, 5, 1), "This command is not offered here");
        public static readonly SmtpReply OtherProtocol = new(421, new(4, 7, 0), "This is SMTP, not HTTP; closing");

        public static readonly SmtpReply EhloFirst = new(503, new(5, 5, 1), "Say EHLO first");
        public static readonly SmtpReply MailFirst = new(503, new(5, 5, 1), "Say MAIL first");
        public static readonly SmtpReply RcptFirst = new(503, new(5, 5, 1), "Say RCPT first; no recipient was accepted");
        public static readonly SmtpReply NestedMail = new(503, new(5, 5, 1), "A transaction is open; say RSET to begin anew");
        public static readonly SmtpReply DataAfterBdat = new(503, new(5, 5, 1), "BDAT has begun; DATA cannot follow it (RFC 3030 section 2)");
        public static readonly SmtpReply AlreadyTls = new(503, new(5, 5, 1), "TLS is already on");
        public static readonly SmtpReply TlsFailed = new(454, new(4, 7, 0), "TLS is not available at the moment");

        // RFC 4954 §4 and §6.
        public static readonly SmtpReply AuthOk = new(235, new(2, 7, 0), "Authenticated");
        public static readonly SmtpReply AuthFailed = new(535, new(5, 7, 8), "User name or password is wrong; check the SMTP user under Sending > SMTP users");
        public static readonly SmtpReply AuthFirst = new(530, new(5, 7, 0), "Authenticate first, with the name and password of an SMTP user");
        public static readonly SmtpReply TlsAndAuthFirst = new(530, new(5, 7, 0), "Say STARTTLS, then authenticate with the name and password of an SMTP user");
        public static readonly SmtpReply TlsBeforeAuth = new(538, new(5, 7, 11), "AUTH needs TLS here; say STARTTLS first");
        public static readonly SmtpReply AlreadyAuthenticated = new(503, new(5, 5, 1), "You are authenticated already");
        public static readonly SmtpReply NoAuthInTransaction = new(503, new(5, 5, 1), "AUTH cannot stand inside a transaction");
        public static readonly SmtpReply UnknownMechanism = new(504, new(5, 5, 4), "Use AUTH PLAIN or AUTH LOGIN");
        public static readonly SmtpReply AuthCancelled = new(501, new(5, 7, 0), "AUTH cancelled");
        public static readonly SmtpReply AuthNotBase64 = new(501, new(5, 5, 2), "The AUTH response is not valid base64 of the right form");
        public static readonly SmtpReply AuthUnavailable = new(454, new(4, 7, 0), "Passwords cannot be checked at the moment; try again later");

        public static readonly SmtpReply RecipientNeedsUtf8 = new(553, new(5, 6, 7), "An address outside ASCII needs SMTPUTF8 on MAIL");
        public static readonly SmtpReply RelayDenied = new(550, new(5, 7, 1), "Relaying to this domain needs AUTH");
        public static readonly SmtpReply ReservedDomain = new(550, new(5, 1, 2), "This domain is reserved and exists nowhere (RFC 6761); check the address");

        public static readonly SmtpReply TooManyErrors = new(421, new(4, 7, 0), "Too many errors; closing");
        public static readonly SmtpReply TooManyMessages = new(421, new(4, 7, 0), "Enough messages on this connection; open a new one");
        public static readonly SmtpReply Timeout = new(421, new(4, 4, 2), "Nothing came for too long; closing");
        public static readonly SmtpReply ShuttingDown = new(421, new(4, 3, 2), "Shutting down; try again in a moment");
        public static readonly SmtpReply LineTooLong = new(500, new(5, 5, 2), "The command line is too long");
        public static readonly SmtpReply BareLineBreak = new(500, new(5, 5, 2), "Lines must end in CRLF; closing");

        public static readonly SmtpReply StoreUnavailable = new(451, new(4, 3, 1), "The message cannot be stored at the moment; it was not accepted, try again later");
        public static readonly SmtpReply LocalError = new(451, new(4, 3, 0), "Something went wrong here; the message was not accepted, try again later");
        public static readonly SmtpReply ChunkOk = new(250, new(2, 0, 0), "Chunk received");

        public static SmtpReply TooManyRecipients(int limit) =>
            new(452, new(4, 5, 3), string.Create(CultureInfo.InvariantCulture, $"{limit} recipients at most; send the rest in another message"));

        public static SmtpReply TooLarge(long limit) =>
            new(552, new(5, 3, 4), string.Create(CultureInfo.InvariantCulture, $"The message is larger than the {limit / 1048576.0:0.#} MB allowed here"));

        public static SmtpReply Looping(int hops) =>
            new(554, new(5, 4, 6), string.Create(CultureInfo.InvariantCulture, $"The message has {hops} Received fields; it is going in circles"));

        /// <summary>The final reply (RFC 5321 §4.2.5): the id leads to the timeline.</summary>
        public static SmtpReply Accepted(string emailId) => new(250, new(2, 0, 0), "OK id=" + emailId);

        public static SmtpReply Faulty(ContentFault fault, int line, SubmissionOptions options) => fault switch
        {
            ContentFault.BareCr => new(550, new(5, 6, 0), string.Create(CultureInfo.InvariantCulture, $"Line {line} has a CR without LF; lines must end in CRLF (RFC 5321 section 2.3.8)")),
            ContentFault.BareLf => new(550, new(5, 6, 0), string.Create(CultureInfo.InvariantCulture, $"Line {line} has a LF without CR; lines must end in CRLF (RFC 5321 section 2.3.8)")),
            ContentFault.LineTooLong => new(554, new(5, 6, 0), string.Create(CultureInfo.InvariantCulture, $"Line {line} is longer than {options.MaxLineOctets - 2} octets; encode the body as quoted-printable or base64")),
            ContentFault.HeaderTooLarge => new(552, new(5, 3, 4), string.Create(CultureInfo.InvariantCulture, $"The header section is larger than {options.MaxHeaderOctets / 1024} KB")),
            _ => TooLarge(options.MaxMessageOctets),
        };
    }
}
