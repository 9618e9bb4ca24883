namespace Waybill.Peers.Smtp;

/// <summary>The argument of MAIL and RCPT, read as a tolerant server reads it.</summary>
internal static class SmtpPath
{
    private static readonly (string Keyword, SmtpOffers Needs)[] Keywords =
    [
        ("SIZE", SmtpOffers.Size), ("BODY=8BITMIME", SmtpOffers.EightBitMime), ("BODY=BINARYMIME", SmtpOffers.Chunking),
        ("SMTPUTF8", SmtpOffers.SmtpUtf8), ("RET", SmtpOffers.Dsn), ("ENVID", SmtpOffers.Dsn), ("NOTIFY", SmtpOffers.Dsn),
        ("ORCPT", SmtpOffers.Dsn),
    ];

    /// <summary>Reads <c>FROM:&lt;path&gt; parameters</c>; false when there are no angle brackets.</summary>
    public static bool TryRead(string argument, string word, out string path, out string parameters)
    {
        (path, parameters) = ("", "");
        if (!argument.StartsWith(word, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var open = argument.IndexOf('<', StringComparison.Ordinal);
        var close = open < 0 ? -1 : Close(argument, open);
        if (close < 0)
        {
            return false;
        }

        (path, parameters) = (argument[(open + 1)..close], argument[(close + 1)..].Trim());
        return true;
    }

    /// <summary>The first parameter that asks for an extension which is not offered, or null.</summary>
    public static string? NotOffered(string parameters, SmtpOffers offers)
    {
        foreach (var parameter in parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var (keyword, needs) in Keywords)
            {
                if (parameter.StartsWith(keyword, StringComparison.OrdinalIgnoreCase) && !offers.HasFlag(needs))
                {
                    return parameter;
                }
            }
        }

        return null;
    }

    /// <summary>The value of SIZE, or 0.</summary>
    public static long Size(string parameters) => parameters.Split(' ')
        .Where(p => p.StartsWith("SIZE=", StringComparison.OrdinalIgnoreCase))
        .Select(p => long.TryParse(p.AsSpan(5), out var size) ? size : 0)
        .FirstOrDefault();

    // A bracket inside a quoted local-part does not close the path.
    private static int Close(string argument, int open)
    {
        var quoted = false;
        for (var i = open + 1; i < argument.Length; i++)
        {
            switch (argument[i])
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
}
