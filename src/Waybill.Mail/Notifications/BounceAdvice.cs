using Waybill.Mail.Smtp;

namespace Waybill.Mail.Notifications;

/// <summary>What a failure means to a person, and what to do about it. From the status code (RFC 3463), never from a server's prose.</summary>
internal readonly record struct BounceAdvice(string Meaning, string ToDo)
{
    public static BounceAdvice For(FailedRecipient recipient) => recipient.Status is { } status
        ? For(status, recipient)
        : Unknown(recipient);

    private static BounceAdvice For(EnhancedStatusCode status, FailedRecipient recipient) => (status.Subject, status.Detail) switch
    {
        (1, 1) or (1, 3) or (1, 6) => new(
            "There is no such address at the recipient's server.",
            "Check the spelling of the address. If it is right, ask the recipient for a current one."),
        (1, 2) => new(
            "There is no such domain: the part after the @ does not exist.",
            "Check the spelling of the address."),
        (1, 10) => new(
            "The recipient's domain accepts no mail at all.",
            "Ask the recipient for an address in another domain."),
        (1, 7) or (1, 8) => new(
            "The recipient's server does not accept your address as a sender.",
            "Show this report to whoever runs your mail."),
        (2, 1) => new(
            "The recipient's mailbox exists but is switched off.",
            "Reach the recipient in another way."),
        (2, 2) => new(
            "The recipient's mailbox is full.",
            "Tell the recipient in another way, and send the message again later."),
        (2, 3) or (3, 4) => new(
            "The message is larger than the recipient's server accepts.",
            "Send it without attachments, or share the files in another way."),
        (6, 7) => new(
            "The address or the message uses international characters that the recipient's server does not support.",
            "Ask the recipient for an address in plain letters."),
        (6, _) => new(
            "The recipient's server could not handle the format of the message.",
            "Send it as plain text or in another format."),
        (7, _) => new(
            "The recipient's server refused the message by its rules (policy, reputation or content).",
            "Show this report to whoever runs your mail: the server's words below tell which rule it was."),
        (4, 4) => new(
            "The recipient's domain names mail servers that cannot be found.",
            "Check the spelling of the address, or tell the recipient in another way."),
        (4, 6) => new(
            "The way to the recipient's domain leads back to this server.",
            "Show this report to whoever runs your mail."),
        _ => Unknown(recipient),
    };

    private static BounceAdvice Unknown(FailedRecipient recipient) => recipient.TimeIsOver
        ? new("The recipient's server could not take the message in time.", "Send it again later, or reach the recipient in another way.")
        : new("The recipient's server refused the message.", "The server's words below tell why. Show this report to whoever runs your mail if they do not help.");
}
