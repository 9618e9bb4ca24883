using System.Globalization;
using System.Text;

namespace Waybill.Mail.Notifications;

/// <summary>The part of a report that people read: what happened, to which address, the server's own words, what to do.</summary>
internal static class BounceText
{
    public static string Write(BounceReport report)
    {
        var text = new StringBuilder();
        var subject = report.OriginalSubject.Length > 0 ? $" \"{BounceWriter.OneLine(report.OriginalSubject)}\"" : "";
        text.Append($"This is the mail server {report.ReportingMta}.\r\n\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Your message{subject}\r\nof {report.ArrivedAt.UtcDateTime:d MMMM yyyy, HH:mm} UTC was not delivered to ");
        text.Append(report.Recipients.Count == 1 ? "this address:\r\n" : $"these {report.Recipients.Count} addresses:\r\n");
        foreach (var recipient in report.Recipients)
        {
            Write(recipient, text);
        }

        text.Append("\r\nThe message will not be tried again. Recipients that are not named here are not affected.\r\n");
        text.Append("What follows is for mail administrators and programs.\r\n");
        return text.ToString();
    }

    private static void Write(FailedRecipient recipient, StringBuilder text)
    {
        var advice = BounceAdvice.For(recipient);
        text.Append($"\r\n  {recipient.FinalRecipient}\r\n\r\n    What happened: {advice.Meaning}\r\n");
        if (recipient.TimeIsOver)
        {
            text.Append(CultureInfo.InvariantCulture, $"    It was tried {recipient.Attempts} times until its time was over.\r\n");
        }

        text.Append($"    What to do: {advice.ToDo}\r\n");
        if (!recipient.IsReply)
        {
            text.Append($"    In detail: {BounceWriter.OneLine(recipient.Diagnostic)}\r\n");
            return;
        }

        text.Append($"    Words of the server {BounceWriter.OneLine(recipient.RemoteMta ?? "")}:\r\n");
        foreach (var line in recipient.Diagnostic.Split('\n'))
        {
            // A line of a report must not pass 998 octets (RFC 5322 §2.1.1); a stranger's may be as long as it likes.
            foreach (var piece in BounceWriter.OneLine(line).Chunk(300))
            {
                text.Append("      ").Append(piece).Append("\r\n");
            }
        }
    }
}
