using System.Globalization;

namespace Waybill.Mail.Smtp;

/// <summary>Reads the parameters of MAIL and RCPT (RFC 5321 §4.1.1.11). A parameter given twice or not known is refused.</summary>
internal static class SmtpParameterParser
{
    private static readonly SmtpCommand.Faulty Unknown = new(new SmtpReply(555, new(5, 5, 4), "I do not know this parameter"));
    private static readonly SmtpCommand.Faulty BadValue = new(new SmtpReply(501, new(5, 5, 4), "The value of this parameter is not valid"));
    private static readonly SmtpCommand.Faulty Twice = new(new SmtpReply(501, new(5, 5, 4), "This parameter was given twice"));

    /// <summary>Adds one <c>KEY=VALUE</c> of MAIL.</summary>
    /// <returns>Null, or what to answer.</returns>
    public static SmtpCommand.Faulty? AddTo(MailParameters parameters, ReadOnlySpan<char> word, out MailParameters next)
    {
        next = parameters;
        Split(word, out var key, out var value, out var hasValue);
        switch (key)
        {
            case "SIZE":
                if (!hasValue || value.Length > 18 || !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var octets))
                {
                    return BadValue;
                }

                next = parameters with { SizeOctets = octets };
                return null;
            case "BODY":
                next = parameters with { EightBitMime = value.Equals("8BITMIME", StringComparison.OrdinalIgnoreCase) };
                return next.EightBitMime || value.Equals("7BIT", StringComparison.OrdinalIgnoreCase) ? null : BadValue;
            case "SMTPUTF8":
                next = parameters with { SmtpUtf8 = true };
                return hasValue ? BadValue : null;
            case "AUTH":
                // RFC 4954 §5: who first sent it. We vouch for our own clients only, so it is read and not passed on.
                return hasValue && Xtext.TryDecode(value, out _) ? null : BadValue;
            case "RET":
                return AddReturn(parameters, value, out next);
            case "ENVID":
                return AddEnvelopeId(parameters, value, hasValue, out next);
            default:
                return Unknown;
        }
    }

    /// <summary>Adds one <c>KEY=VALUE</c> of RCPT.</summary>
    /// <returns>Null, or what to answer.</returns>
    public static SmtpCommand.Faulty? AddTo(RcptParameters parameters, ReadOnlySpan<char> word, out RcptParameters next)
    {
        next = parameters;
        Split(word, out var key, out var value, out var hasValue);
        switch (key)
        {
            case "NOTIFY":
                return AddNotify(parameters, value.ToString(), out next);
            case "ORCPT":
                if (parameters.OriginalRecipient is not null)
                {
                    return Twice;
                }

                var semicolon = value.IndexOf(';');
                if (!hasValue || semicolon < 1 || semicolon + 1 == value.Length || value.Length > 500
                    || !Xtext.TryDecode(value[(semicolon + 1)..], out var address))
                {
                    return BadValue;
                }

                next = parameters with { OriginalRecipient = $"{value[..semicolon]};{address}" };
                return null;
            default:
                return Unknown;
        }
    }

    private static SmtpCommand.Faulty? AddReturn(MailParameters parameters, ReadOnlySpan<char> value, out MailParameters next)
    {
        next = parameters;
        if (parameters.Return is not null)
        {
            return Twice;
        }

        var upper = value.ToString().ToUpperInvariant();
        next = parameters with { Return = upper };
        return upper is "FULL" or "HDRS" ? null : BadValue;
    }

    private static SmtpCommand.Faulty? AddEnvelopeId(MailParameters parameters, ReadOnlySpan<char> value, bool hasValue, out MailParameters next)
    {
        next = parameters;
        if (parameters.EnvelopeId is not null)
        {
            return Twice;
        }

        // RFC 3461 §4.4: at most 100 characters.
        if (!hasValue || value.IsEmpty || value.Length > 100 || !Xtext.TryDecode(value, out var id))
        {
            return BadValue;
        }

        next = parameters with { EnvelopeId = id };
        return null;
    }

    private static SmtpCommand.Faulty? AddNotify(RcptParameters parameters, string value, out RcptParameters next)
    {
        next = parameters;
        if (parameters.Notify.Count > 0)
        {
            return Twice;
        }

        var words = value.ToUpperInvariant().Split(',');

        // RFC 3461 §4.1: NEVER stands alone.
        if (!words.All(word => word is "NEVER" or "SUCCESS" or "FAILURE" or "DELAY") || (words.Contains("NEVER") && words.Length > 1))
        {
            return BadValue;
        }

        next = parameters with { Notify = words };
        return null;
    }

    private static void Split(ReadOnlySpan<char> word, out string key, out ReadOnlySpan<char> value, out bool hasValue)
    {
        var equals = word.IndexOf('=');
        hasValue = equals >= 0;
        key = (hasValue ? word[..equals] : word).ToString().ToUpperInvariant();
        value = hasValue ? word[(equals + 1)..] : default;
    }
}
