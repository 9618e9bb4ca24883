namespace Waybill.Mail.Addressing;

/// <summary>The path of RCPT TO: the mailbox a message is for (RFC 5321 §3.3).</summary>
public sealed record ForwardPath(Mailbox Mailbox)
{
    /// <summary>Reads the text without its angle brackets.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ForwardPath path)
    {
        path = null!;
        if (!Mailbox.TryParse(text, out var mailbox))
        {
            return false;
        }

        path = new ForwardPath(mailbox);
        return true;
    }

    /// <exception cref="FormatException">The text is no mailbox.</exception>
    public static ForwardPath Parse(string text) => new(Mailbox.Parse(text));

    public override string ToString() => Mailbox.ToString();
}
