using System.Buffers;
using System.Globalization;
using System.Text;
using Waybill.Mail.Addressing;

namespace Waybill.Mail.Smtp;

/// <summary>Reads command lines (RFC 5321 §4.1.1). It knows no order of commands and no policy.</summary>
public static class SmtpCommandParser
{
    private static readonly SmtpCommand Data = new SmtpCommand.Data();
    private static readonly SmtpCommand Rset = new SmtpCommand.Rset();
    private static readonly SmtpCommand Noop = new SmtpCommand.Noop();
    private static readonly SmtpCommand Quit = new SmtpCommand.Quit();
    private static readonly SmtpCommand StartTls = new SmtpCommand.StartTls();

    private static readonly SearchValues<char> NoNameChars = SearchValues.Create(" \t<>()");
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads one line without its CRLF.</summary>
    /// <returns>The command; <see cref="SmtpCommand.Faulty"/> carries the reply to give.</returns>
    public static SmtpCommand Parse(ReadOnlySpan<byte> line)
    {
        string text;
        try
        {
            text = Ascii.IsValid(line) ? Encoding.ASCII.GetString(line) : StrictUtf8.GetString(line);
        }
        catch (DecoderFallbackException)
        {
            return Faults.NotUtf8;
        }

        var span = text.AsSpan().TrimEnd(" \t");
        foreach (var c in span)
        {
            if (c is < ' ' or '\x7f' && c != '\t')
            {
                return Faults.ControlCharacter;
            }
        }

        var blank = span.IndexOfAny(' ', '\t');
        var verb = blank < 0 ? span : span[..blank];
        var rest = blank < 0 ? default : span[(blank + 1)..].Trim(" \t");
        return ByVerb(verb, rest);
    }

    private static SmtpCommand ByVerb(ReadOnlySpan<char> verb, ReadOnlySpan<char> rest)
    {
        Span<char> upper = stackalloc char[8];
        if (verb.Length is 0 or > 8 || verb.ToUpperInvariant(upper) < 0)
        {
            return Faults.Unknown;
        }

        return upper[..verb.Length] switch
        {
            "EHLO" => ClientName(rest, ehlo: true),
            "HELO" => ClientName(rest, ehlo: false),
            "MAIL" => Path(rest, "FROM:") is { Length: > 0 } path ? ParseMail(path) : Faults.MailSyntax,
            "RCPT" => Path(rest, "TO:") is { Length: > 0 } path ? ParseRcpt(path) : Faults.RcptSyntax,
            "DATA" => rest.IsEmpty ? Data : Faults.NoParameters,
            "BDAT" => ParseBdat(rest),
            "RSET" => rest.IsEmpty ? Rset : Faults.NoParameters,
            "NOOP" => Noop,
            "QUIT" => rest.IsEmpty ? Quit : Faults.NoParameters,
            "HELP" => new SmtpCommand.Help(),
            "VRFY" => rest.IsEmpty ? Faults.NeedsParameter : new SmtpCommand.Vrfy(),
            "EXPN" => rest.IsEmpty ? Faults.NeedsParameter : new SmtpCommand.Expn(),
            "STARTTLS" => rest.IsEmpty ? StartTls : Faults.NoParameters,
            "AUTH" => ParseAuth(rest),
            "GET" or "POST" or "PUT" or "HEAD" or "DELETE" or "OPTIONS" or "CONNECT" or "PATCH" => new SmtpCommand.Foreign(),
            _ => Faults.Unknown,
        };
    }

    private static SmtpCommand ClientName(ReadOnlySpan<char> name, bool ehlo)
    {
        // Clients name themselves badly (a bare word, an underscore); only what could break a trace field is refused.
        if (name.IsEmpty || name.Length > DomainName.MaxOctets || name.ContainsAny(NoNameChars) || !Ascii.IsValid(name))
        {
            return ehlo ? Faults.EhloSyntax : Faults.HeloSyntax;
        }

        return ehlo ? new SmtpCommand.Ehlo(name.ToString()) : new SmtpCommand.Helo(name.ToString());
    }

    // "FROM:<a@b> SIZE=1" or "FROM: <a@b>": a blank after the colon is not in the grammar, but common.
    private static ReadOnlySpan<char> Path(ReadOnlySpan<char> rest, string keyword) =>
        rest.StartsWith(keyword, StringComparison.OrdinalIgnoreCase) ? rest[keyword.Length..].TrimStart(" \t") : default;

    private static SmtpCommand ParseMail(ReadOnlySpan<char> text)
    {
        if (!TakePath(ref text, out var path, out var routed))
        {
            return Faults.MailSyntax;
        }

        if (!ReversePath.TryParse(path, out var reversePath) || (routed && reversePath.IsNull))
        {
            return Faults.BadSender;
        }

        var parameters = MailParameters.None;
        while (TakeWord(ref text, out var word))
        {
            if (SmtpParameterParser.AddTo(parameters, word, out var next) is { } fault)
            {
                return fault;
            }

            parameters = next;
        }

        return reversePath.Mailbox is { NeedsSmtpUtf8: true } && !parameters.SmtpUtf8
            ? Faults.SenderNeedsUtf8
            : new SmtpCommand.Mail(reversePath, parameters);
    }

    private static SmtpCommand ParseRcpt(ReadOnlySpan<char> text)
    {
        if (!TakePath(ref text, out var path, out var routed))
        {
            return Faults.RcptSyntax;
        }

        if (routed)
        {
            return Faults.SourceRoute;
        }

        // RFC 5321 §4.1.1.3: postmaster without a domain is an address too, but on a submission port it names nobody.
        if (!ForwardPath.TryParse(path, out var forwardPath))
        {
            return Faults.BadRecipient;
        }

        var parameters = RcptParameters.None;
        while (TakeWord(ref text, out var word))
        {
            if (SmtpParameterParser.AddTo(parameters, word, out var next) is { } fault)
            {
                return fault;
            }

            parameters = next;
        }

        return new SmtpCommand.Rcpt(forwardPath, parameters);
    }

    private static SmtpCommand ParseBdat(ReadOnlySpan<char> rest)
    {
        TakeWord(ref rest, out var size);
        TakeWord(ref rest, out var last);
        return size.Length is > 0 and <= 18
            && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var octets)
            && (last.IsEmpty || last.Equals("LAST", StringComparison.OrdinalIgnoreCase))
            && rest.IsEmpty
                ? new SmtpCommand.Bdat(octets, !last.IsEmpty)
                : Faults.BdatSyntax;
    }

    private static SmtpCommand ParseAuth(ReadOnlySpan<char> rest)
    {
        if (!TakeWord(ref rest, out var mechanism) || mechanism.Length > 20)
        {
            return Faults.AuthSyntax;
        }

        TakeWord(ref rest, out var initial);
        return rest.IsEmpty
            ? new SmtpCommand.Auth(mechanism.ToString().ToUpperInvariant(), initial.IsEmpty ? null : initial is "=" ? "" : initial.ToString())
            : Faults.AuthSyntax;
    }

    /// <summary>Takes <c>&lt;path&gt;</c> off the front, and the source route out of it (RFC 5321 appendix C: it is ignored).</summary>
    private static bool TakePath(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> path, out bool routed)
    {
        path = default;
        routed = false;
        if (text.IsEmpty || text[0] != '<')
        {
            return false;
        }

        var close = Closing(text);
        if (close < 0 || (close + 1 < text.Length && text[close + 1] is not (' ' or '\t')))
        {
            return false;
        }

        path = text[1..close];
        text = text[(close + 1)..].TrimStart(" \t");
        if (path.StartsWith("@"))
        {
            var colon = path.IndexOf(':');
            routed = true;
            path = colon < 0 ? "@" : path[(colon + 1)..];
        }

        return true;
    }

    // A ">" inside a quoted local-part does not close the path.
    private static int Closing(ReadOnlySpan<char> text)
    {
        var quoted = false;
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case '>' when !quoted:
                    return i;
            }
        }

        return -1;
    }

    private static bool TakeWord(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> word)
    {
        var end = text.IndexOfAny(' ', '\t');
        word = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[end..].TrimStart(" \t");
        return !word.IsEmpty;
    }

    /// <summary>The replies to what breaks the grammar.</summary>
    private static class Faults
    {
        public static readonly SmtpCommand Unknown = Fault(500, 5, 2, "I do not know this command. Commands: EHLO, MAIL, RCPT, DATA, BDAT, RSET, NOOP, AUTH, STARTTLS, QUIT");
        public static readonly SmtpCommand NotUtf8 = Fault(500, 5, 2, "The line is neither ASCII nor UTF-8");
        public static readonly SmtpCommand ControlCharacter = Fault(500, 5, 2, "The line has a control character");
        public static readonly SmtpCommand NoParameters = Fault(501, 5, 4, "This command takes no parameters");
        public static readonly SmtpCommand NeedsParameter = Fault(501, 5, 4, "This command needs a parameter");
        public static readonly SmtpCommand EhloSyntax = Fault(501, 5, 4, "Say EHLO and your host name");
        public static readonly SmtpCommand HeloSyntax = Fault(501, 5, 4, "Say HELO and your host name");
        public static readonly SmtpCommand MailSyntax = Fault(501, 5, 4, "Say MAIL FROM:<address>");
        public static readonly SmtpCommand RcptSyntax = Fault(501, 5, 4, "Say RCPT TO:<address>");
        public static readonly SmtpCommand BdatSyntax = Fault(501, 5, 4, "Say BDAT and the number of octets, then LAST for the last chunk");
        public static readonly SmtpCommand AuthSyntax = Fault(501, 5, 4, "Say AUTH PLAIN or AUTH LOGIN");
        public static readonly SmtpCommand BadSender = new SmtpCommand.Faulty(new SmtpReply(553, new(5, 1, 7), "The sender's address is not valid; check its spelling"));
        public static readonly SmtpCommand BadRecipient = new SmtpCommand.Faulty(new SmtpReply(553, new(5, 1, 3), "The recipient's address is not valid; check its spelling"));
        public static readonly SmtpCommand SourceRoute = new SmtpCommand.Faulty(new SmtpReply(550, new(5, 1, 3), "Source routes are not relayed; give the plain address"));
        public static readonly SmtpCommand SenderNeedsUtf8 = new SmtpCommand.Faulty(new SmtpReply(553, new(5, 6, 7), "An address outside ASCII needs the SMTPUTF8 parameter"));

        private static SmtpCommand.Faulty Fault(int code, int subject, int detail, string text) =>
            new(new SmtpReply(code, new(5, subject, detail), text));
    }
}
