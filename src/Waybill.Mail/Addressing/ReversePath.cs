namespace Waybill.Mail.Addressing;

/// <summary>The path of MAIL FROM: where a report of failure goes, or nowhere (RFC 5321 §3.3, §4.5.5).</summary>
public sealed record ReversePath
{
    /// <summary>The null reverse-path <c>&lt;&gt;</c>: mail that must never be bounced.</summary>
    public static readonly ReversePath Null = new((Mailbox?)null);

    private ReversePath(Mailbox? mailbox) => Mailbox = mailbox;

    /// <summary>The reverse-path of a mailbox.</summary>
    public static ReversePath Of(Mailbox mailbox) => new(mailbox);


    /// <summary>The mailbox, or null for the null reverse-path.</summary>
    public Mailbox? Mailbox { get; }

    public bool IsNull => Mailbox is null;

    /// <summary>Reads the text without its angle brackets; empty text is the null reverse-path.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ReversePath path)
    {
        path = Null;
        if (text.IsEmpty)
        {
            return true;
        }

        if (!Mailbox.TryParse(text, out var mailbox))
        {
            return false;
        }

        path = new ReversePath(mailbox);
        return true;
    }

    /// <summary>The mailbox, or the empty text for the null reverse-path.</summary>
    public override string ToString() => Mailbox?.ToString() ?? "";
}
