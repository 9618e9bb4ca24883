using Waybill.Mail.Addressing;

namespace Waybill.Mail.Smtp;

/// <summary>A command of a client (RFC 5321 §4.1.1 and its extensions).</summary>
public abstract record SmtpCommand
{
    private SmtpCommand()
    {
    } // Closed: the records below are all there are.

    public sealed record Ehlo(string Name) : SmtpCommand;

    public sealed record Helo(string Name) : SmtpCommand;

    public sealed record Mail(ReversePath ReversePath, MailParameters Parameters) : SmtpCommand;

    public sealed record Rcpt(ForwardPath ForwardPath, RcptParameters Parameters) : SmtpCommand;

    public sealed record Data : SmtpCommand;

    /// <summary>A chunk of content follows at once (RFC 3030 §2).</summary>
    public sealed record Bdat(long Octets, bool Last) : SmtpCommand;

    public sealed record Rset : SmtpCommand;

    public sealed record Noop : SmtpCommand;

    public sealed record Quit : SmtpCommand;

    public sealed record Help : SmtpCommand;

    public sealed record Vrfy : SmtpCommand;

    public sealed record Expn : SmtpCommand;

    public sealed record StartTls : SmtpCommand;

    /// <param name="InitialResponse">Base64 as it came; null when none was given, empty for "=" (RFC 4954 §4).</param>
    public sealed record Auth(string Mechanism, string? InitialResponse) : SmtpCommand;

    /// <summary>A verb of another protocol (GET, POST …): somebody's browser is being used against us.</summary>
    public sealed record Foreign : SmtpCommand;

    /// <summary>No command that we know, or one that breaks its grammar.</summary>
    /// <param name="Reply">What to answer.</param>
    public sealed record Faulty(SmtpReply Reply) : SmtpCommand;
}

/// <summary>Parameters of MAIL (RFC 1870, 3461, 4954, 6152, 6531).</summary>
public sealed record MailParameters
{
    public static readonly MailParameters None = new();

    /// <summary>SIZE, or 0.</summary>
    public long SizeOctets { get; init; }

    public bool EightBitMime { get; init; }

    public bool SmtpUtf8 { get; init; }

    /// <summary>RET: "FULL", "HDRS" or null.</summary>
    public string? Return { get; init; }

    /// <summary>ENVID, decoded.</summary>
    public string? EnvelopeId { get; init; }
}

/// <summary>Parameters of RCPT (RFC 3461).</summary>
public sealed record RcptParameters
{
    public static readonly RcptParameters None = new();

    /// <summary>NOTIFY's words in upper case; empty when none was given.</summary>
    public IReadOnlyList<string> Notify { get; init; } = [];

    /// <summary>ORCPT as <c>type;address</c>, the address decoded.</summary>
    public string? OriginalRecipient { get; init; }
}
